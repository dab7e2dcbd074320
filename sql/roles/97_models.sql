-- When customers order next: analysts ask, and see what was fitted. Customers are ids there, as in the masked views.
grant select on analytics.model to analytics;
grant execute on function
    analytics.next_order(date, integer, integer, text), analytics.backtest(date, integer), analytics.fit_model(text, date)
to analytics;
