/**
 * Checks and applies a group of commits in one call, which is one transaction.
 *
 * First it takes all locks, in the same order for all callers. Each later statement takes its snapshot when it starts
 * (READ COMMITTED), so it sees what earlier holders of the locks have committed. Advisory locks stand for keys and
 * ranges, so they also work for rows that do not exist. footprint.ts tells which commits may be in one group, and which
 * locks they need.
 *
 * Plans are made once, perhaps while the tables are empty. So no statement leaves the access path to the planner: a
 * subquery with LIMIT or OFFSET stays a search by key, and does not become a join that reads a whole index.
 *
 * MF001: the locks are too weak, because the caller was wrong about which rows are counters. MF002: the lane is closed.
 * Nothing is applied.
 */
import { type Space, slotCount } from '#metadata/postgres/space.ts'

export const weakLocks = 'MF001'
export const laneClosed = 'MF002'

/** Names and types of the parameters, in order (encode-group.ts). */
export const parameters = [
  ['lane', 'uuid'],
  ['commit_number', 'int8'],
  ['locks', 'int8[]'],
  ['shared', 'bool[]'],
  ['check_commit', 'int4[]'],
  ['check_key', 'bytea[]'],
  ['check_is', 'bytea[]'],
  ['check_how', 'int4[]'],
  ['empty_commit', 'int4[]'],
  ['empty_start', 'bytea[]'],
  ['empty_end', 'bytea[]'],
  ['most_commit', 'int4[]'],
  ['most_key', 'bytea[]'],
  ['most_name', 'text[]'],
  ['most_number', 'text[]'],
  ['put_commit', 'int4[]'],
  ['put_key', 'bytea[]'],
  ['put_value', 'bytea[]'],
  ['add_commit', 'int4[]'],
  ['add_key', 'bytea[]'],
  ['add_name', 'text[]'],
  ['add_number', 'text[]'],
  ['add_shared', 'bytea[]'],
  ['append_commit', 'int4[]'],
  ['append_key', 'bytea[]'],
  ['append_value', 'bytea[]'],
] as const

export const commitFunctionName = (schema: string, space: Space) => `${schema}.${space}_commit_1`

export function commitFunction(schema: string, space: Space): string {
  const rows = `${schema}.${space}_rows`
  const counts = `${schema}.${space}_counts`
  const total = `${schema}.${space}_total`
  return `
CREATE FUNCTION ${total}(wanted bytea) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT jsonb_object_agg(name, number) FROM (
    SELECT name, sum(number) AS number FROM (
      SELECT name, number::numeric FROM ${rows} AS r, jsonb_each_text(convert_from(r.value, 'UTF8')::jsonb) AS one (name, number)
        WHERE r.key = wanted
      UNION ALL
      SELECT name, number FROM ${counts} AS n WHERE n.key = wanted
    ) AS parts GROUP BY name
  ) AS sums);
END $$;
CREATE FUNCTION ${commitFunctionName(schema, space)}(${parameters.map(([name, type]) => `p_${name} ${type}`).join(', ')})
RETURNS int4[] LANGUAGE plpgsql AS $$
DECLARE
  v_refused int4[] := '{}';
  v_weak text;
  v_slot int4 := 0;
  v_one record;
BEGIN
  PERFORM CASE WHEN is_shared THEN pg_advisory_xact_lock_shared(id) ELSE pg_advisory_xact_lock(id) END
    FROM unnest(p_locks, p_shared) AS lock (id, is_shared);
${weakLockCheck(counts)}
${refusals(rows, counts, total)}
  IF NOT EXISTS (
    SELECT FROM unnest(p_put_commit || p_add_commit || p_append_commit) AS w (commit) WHERE w.commit <> ALL (v_refused)
  ) THEN
    RETURN v_refused;
  END IF;
${application(rows, counts, total)}
  UPDATE ${schema}.lanes SET number = p_commit_number, refused = v_refused, used_at = now()
    WHERE id = p_lane AND NOT is_closed;
  IF NOT FOUND THEN RAISE EXCEPTION 'the lane is closed' USING ERRCODE = '${laneClosed}'; END IF;
  RETURN v_refused;
END $$;`
}

/** A check of a row that others add to needs an exclusive lock. So does the first addition to a row. */
const weakLockCheck = (counts: string) => `
  SELECT string_agg(name, ',') INTO v_weak FROM (
    SELECT '+' || encode(key, 'hex') AS name FROM unnest(p_check_key, p_check_how) AS c (key, how)
      WHERE how < 2 AND (SELECT true FROM ${counts} AS n WHERE n.key = c.key LIMIT 1) IS NOT NULL
    UNION
    SELECT '-' || encode(key, 'hex') FROM unnest(p_add_shared) AS a (key)
      WHERE (SELECT true FROM ${counts} AS n WHERE n.key = a.key LIMIT 1) IS NULL
  ) AS names;
  IF v_weak IS NOT NULL THEN RAISE EXCEPTION 'weak locks' USING ERRCODE = '${weakLocks}', DETAIL = v_weak; END IF;`

/**
 * No commit of a group reads what another commit of the group writes. Counters are the exception: their numbers are
 * added up in order.
 */
const refusals = (rows: string, counts: string, total: string) => `
  SELECT coalesce(array_agg(DISTINCT commit), '{}') INTO v_refused FROM (
    SELECT c.commit FROM unnest(p_check_commit, p_check_key, p_check_is, p_check_how) AS c (commit, key, is_now, how)
      LEFT JOIN LATERAL (SELECT value FROM ${rows} AS r WHERE r.key = c.key OFFSET 0) AS r ON true
      WHERE CASE
        WHEN how = 2 AND (SELECT true FROM ${counts} AS n WHERE n.key = c.key LIMIT 1) IS NOT NULL
          THEN ${total}(c.key) IS DISTINCT FROM convert_from(c.is_now, 'UTF8')::jsonb
        WHEN how = 1 THEN sha256(r.value) IS DISTINCT FROM c.is_now
        ELSE r.value IS DISTINCT FROM c.is_now
      END
    UNION ALL
    SELECT e.commit FROM unnest(p_empty_commit, p_empty_start, p_empty_end) AS e (commit, first, beyond)
      WHERE (SELECT true FROM ${rows} AS r WHERE r.key >= first AND r.key < beyond LIMIT 1) IS NOT NULL
        OR (SELECT true FROM ${counts} AS n WHERE n.key >= first AND n.key < beyond LIMIT 1) IS NOT NULL
  ) AS failed;
  FOR v_one IN SELECT * FROM unnest(p_most_commit, p_most_key, p_most_name, p_most_number) AS m (commit, key, name, number) LOOP
    CONTINUE WHEN v_one.commit = ANY (v_refused);
    IF coalesce((${total}(v_one.key) ->> v_one.name)::numeric, 0) + coalesce((
      SELECT sum(number::numeric) FROM unnest(p_add_commit, p_add_key, p_add_name, p_add_number) AS a (commit, key, name, number)
      WHERE a.key = v_one.key AND a.name = v_one.name AND a.commit < v_one.commit AND a.commit <> ALL (v_refused)
    ), 0) > v_one.number::numeric THEN
      v_refused := v_refused || v_one.commit;
    END IF;
  END LOOP;`

const application = (rows: string, counts: string, total: string) => `
  IF cardinality(p_put_commit) > 0 THEN
    DELETE FROM ${counts} WHERE key = ANY (ARRAY(
      SELECT w.key FROM unnest(p_put_commit, p_put_key) AS w (commit, key) WHERE w.commit <> ALL (v_refused)
    ));
    DELETE FROM ${rows} WHERE key = ANY (ARRAY(
      SELECT w.key FROM unnest(p_put_commit, p_put_key, p_put_value) AS w (commit, key, value)
      WHERE w.value IS NULL AND w.commit <> ALL (v_refused)
    ));
    INSERT INTO ${rows} (key, value)
      SELECT w.key, w.value FROM unnest(p_put_commit, p_put_key, p_put_value) AS w (commit, key, value)
      WHERE w.value IS NOT NULL AND w.commit <> ALL (v_refused)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value;
  END IF;
  IF cardinality(p_append_commit) > 0 THEN
    WITH mine AS (
      SELECT a.key, a.value, row_number() OVER (PARTITION BY a.key ORDER BY a.place) - 1 AS place
      FROM unnest(p_append_commit, p_append_key, p_append_value) WITH ORDINALITY AS a (commit, key, value, place)
      WHERE a.commit <> ALL (v_refused)
    ), ends AS MATERIALIZED (
      SELECT key, coalesce((${total}(key) ->> 'next')::int8, 0) AS next FROM (SELECT DISTINCT key FROM mine) AS keys
    )
    INSERT INTO ${rows} (key, value)
      SELECT m.key || '\\x00'::bytea || convert_to(lpad((e.next + m.place)::text, 14, '0'), 'UTF8'), m.value
      FROM mine AS m JOIN ends AS e ON e.key = m.key
      ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    INSERT INTO ${counts} AS n (key, slot, name, number)
      SELECT a.key, 0, 'next', count(*) FROM unnest(p_append_commit, p_append_key) AS a (commit, key)
      WHERE a.commit <> ALL (v_refused) GROUP BY a.key
      ON CONFLICT (key, slot, name) DO UPDATE SET number = n.number + excluded.number;
  END IF;
  IF cardinality(p_add_commit) > 0 THEN
    WHILE v_slot < ${slotCount - 1} AND NOT pg_try_advisory_xact_lock(${slotLocks}, v_slot) LOOP
      v_slot := v_slot + 1;
    END LOOP;
    INSERT INTO ${counts} AS n (key, slot, name, number)
      SELECT a.key, v_slot, a.name, sum(a.number::numeric)
      FROM unnest(p_add_commit, p_add_key, p_add_name, p_add_number) AS a (commit, key, name, number)
      WHERE a.commit <> ALL (v_refused) GROUP BY a.key, a.name ORDER BY a.key, a.name
      ON CONFLICT (key, slot, name) DO UPDATE SET number = n.number + excluded.number;
  END IF;`

/** The first number of slot locks. They have two numbers, so they never collide with key locks. */
export const slotLocks = 0x6d66
