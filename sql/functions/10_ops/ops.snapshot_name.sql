create or replace function ops.snapshot_name(p_source text, p_snapshot bigint) returns text
language sql immutable parallel safe
begin atomic
    -- What a snapshot is called in provenance, replay filters and reconciliation; null for none.
    select p_source || ' snapshot ' || p_snapshot;
end;
