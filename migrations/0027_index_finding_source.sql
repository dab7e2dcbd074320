-- migrate: no-transaction
-- Removing an order system reads whether it still has findings, resolved ones included: without this, all findings of all systems.
create index concurrently finding_source_idx on quality.finding (source);
