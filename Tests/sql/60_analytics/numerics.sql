-- ln Γ, ψ and 2F1 against values of mpmath, 40 digits.
begin;
\ir ../support.psql
select * from no_plan();
select ok(abs(analytics.log_gamma(x) - y) <= 1e-14 * greatest(1, abs(y)) * 3, format('log_gamma(%s)', x)) from (values
    (1e-8, 18.420680738180208905), (0.1, 2.2527126517342059599), (0.25, 1.2880225246980774574), (0.5, 0.57236494292470008707), (1, 0), (1.5, -0.12078223763524522235),
    (2, 0), (3.7, 1.4280723266653881294), (10, 12.801827480081469611), (100.5, 361.43554046777757038), (1e4, 82099.717496442377273), (1e8, 1742068066.1038347093)) v (x, y);
select ok(abs(analytics.digamma(x) - y) <= 1e-13 * greatest(1, abs(y)), format('digamma(%s)', x)) from (values
    (1e-8, -100000000.57721564846), (0.1, -10.423754940411076795), (0.5, -1.9635100260214234794), (1, -0.57721566490153286061), (3.7, 1.1671535393615114496),
    (10, 2.2517525890667211077), (1e4, 9.2102903711428494436)) v (x, y);
select ok(abs(analytics.hypergeometric(a, b, c, z) / y - 1) <= 1e-12, format('hypergeometric(%s, %s; %s; %s)', a, b, c, z)) from (values
    (0.5, 0.7, 1.2, 0.3, 1.106907196447321), (2.5, 3.5, 5, 0.9, 32.605368922819781), (30.2, 25.1, 40.3, 0.5, 307259.84099087303), (0.24, 2.43, 2.22, 0.99, 4.3268591576399405),
    (100, 80, 120, 0.95, 5.5323257690375867e+81), (0.3, 0.4, -0.5, 0.3, 0.86704100739919279), (0.3, 0.2, -0.3, 0.8, 0.17295794801974748), (3, 0.001, 0.01, 0.5, 1.6916879397385967)) v (a, b, c, z, y);
select is(analytics.hypergeometric(1, 2, 3, 0), 1::double precision, 'at 0');
select is(analytics.log_gamma(x)::text, 'NaN', format('log_gamma(%s)', x)) from unnest('{0,-1,NaN}'::double precision[]) x;
select is(analytics.log_hypergeometric(a, b, c, z)::text, 'NaN', format('log_hypergeometric(%s, %s, %s, %s)', a, b, c, z))
from (values (1, 1, 1, 1), (0, 1, 1, 0.5), (1, 1, 0, 0.5), (1, 1, 1, -0.1)) v (a, b, c, z);
select is(round(sum(weight)::numeric, 14), 1.00000000000000, 'Legendre''s weights') from analytics.legendre_nodes();
select is(round(sum(weight * node ^ 47)::numeric, 14), round(1 / 48.0, 14), 'are exact to degree 47') from analytics.legendre_nodes();
select * from finish();
rollback;
