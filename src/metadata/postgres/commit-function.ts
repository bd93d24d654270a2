/**
 * A group of commits, checked and applied by the database in one call, which is one transaction.
 *
 * Locks come first, all of them, in one order for all callers: the statements that follow see what those before them in that order have
 * committed, since each takes its snapshot when it starts (READ COMMITTED). Advisory locks stand for keys and for ranges, so they hold for
 * rows that do not exist too. Which commits may be in one group, and which locks they need, is told by footprint.ts.
 *
 * MF001: the locks are too weak, since a row was or was not a counter as the caller thought. MF002: the lane is closed. Nothing is applied.
 */
import { type Space, slotCount } from './space.ts'

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
DECLARE
  result jsonb;
  part jsonb;
BEGIN
  SELECT convert_from(value, 'UTF8')::jsonb INTO result FROM ${rows} WHERE key = wanted;
  FOR part IN SELECT numbers FROM ${counts} WHERE key = wanted LOOP
    result := CASE WHEN result IS NULL THEN part ELSE ${schema}.sum_numbers(result, part) END;
  END LOOP;
  RETURN result;
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
${application(schema, rows, counts, total)}
  UPDATE ${schema}.lanes SET number = p_commit_number, refused = v_refused, used_at = now()
    WHERE id = p_lane AND NOT is_closed;
  IF NOT FOUND THEN RAISE EXCEPTION 'the lane is closed' USING ERRCODE = '${laneClosed}'; END IF;
  RETURN v_refused;
END $$;`
}

/** A check of a row's value needs an exclusive lock if others add to that row; the first addition to a row does so too. */
const weakLockCheck = (counts: string) => `
  SELECT string_agg(name, ',') INTO v_weak FROM (
    SELECT '+' || encode(key, 'hex') AS name FROM unnest(p_check_key, p_check_how) AS c (key, how)
      WHERE how < 2 AND EXISTS (SELECT FROM ${counts} AS n WHERE n.key = c.key)
    UNION
    SELECT '-' || encode(key, 'hex') FROM unnest(p_add_shared) AS a (key)
      WHERE NOT EXISTS (SELECT FROM ${counts} AS n WHERE n.key = a.key)
  ) AS names;
  IF v_weak IS NOT NULL THEN RAISE EXCEPTION 'weak locks' USING ERRCODE = '${weakLocks}', DETAIL = v_weak; END IF;`

/** No commit of a group reads what another of it writes, except the numbers of counters, which are summed up in their order. */
const refusals = (rows: string, counts: string, total: string) => `
  SELECT coalesce(array_agg(DISTINCT commit), '{}') INTO v_refused FROM (
    SELECT c.commit FROM unnest(p_check_commit, p_check_key, p_check_is, p_check_how) AS c (commit, key, is_now, how)
      LEFT JOIN ${rows} AS r ON r.key = c.key
      WHERE CASE
        WHEN how = 2 AND EXISTS (SELECT FROM ${counts} AS n WHERE n.key = c.key)
          THEN ${total}(c.key) IS DISTINCT FROM convert_from(c.is_now, 'UTF8')::jsonb
        WHEN how = 1 THEN sha256(r.value) IS DISTINCT FROM c.is_now
        ELSE r.value IS DISTINCT FROM c.is_now
      END
    UNION ALL
    SELECT e.commit FROM unnest(p_empty_commit, p_empty_start, p_empty_end) AS e (commit, first, beyond)
      WHERE EXISTS (SELECT FROM ${rows} AS r WHERE r.key >= first AND r.key < beyond)
        OR EXISTS (SELECT FROM ${counts} AS n WHERE n.key >= first AND n.key < beyond)
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

const application = (schema: string, rows: string, counts: string, total: string) => `
  IF cardinality(p_put_commit) > 0 THEN
    DELETE FROM ${counts} AS n USING unnest(p_put_commit, p_put_key) AS w (commit, key)
      WHERE n.key = w.key AND w.commit <> ALL (v_refused);
    DELETE FROM ${rows} AS r USING unnest(p_put_commit, p_put_key, p_put_value) AS w (commit, key, value)
      WHERE r.key = w.key AND w.value IS NULL AND w.commit <> ALL (v_refused);
    INSERT INTO ${rows} (key, value)
      SELECT w.key, w.value FROM unnest(p_put_commit, p_put_key, p_put_value) AS w (commit, key, value)
      WHERE w.value IS NOT NULL AND w.commit <> ALL (v_refused)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value;
  END IF;
  IF cardinality(p_append_commit) > 0 THEN
    INSERT INTO ${rows} (key, value)
      SELECT key || '\\x00'::bytea || convert_to(lpad((first + place)::text, 14, '0'), 'UTF8'), value FROM (
        SELECT a.key, a.value, coalesce((${total}(a.key) ->> 'next')::int8, 0) AS first,
          row_number() OVER (PARTITION BY a.key ORDER BY a.place) - 1 AS place
        FROM unnest(p_append_commit, p_append_key, p_append_value) WITH ORDINALITY AS a (commit, key, value, place)
        WHERE a.commit <> ALL (v_refused)
      ) AS numbered
      ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    INSERT INTO ${counts} AS n (key, slot, numbers)
      SELECT a.key, 0, jsonb_build_object('next', count(*)) FROM unnest(p_append_commit, p_append_key) AS a (commit, key)
      WHERE a.commit <> ALL (v_refused) GROUP BY a.key
      ON CONFLICT (key, slot) DO UPDATE SET numbers = ${schema}.sum_numbers(n.numbers, excluded.numbers);
  END IF;
  IF cardinality(p_add_commit) > 0 THEN
    WHILE v_slot < ${slotCount - 1} AND NOT pg_try_advisory_xact_lock(${slotLocks}, v_slot) LOOP
      v_slot := v_slot + 1;
    END LOOP;
    INSERT INTO ${counts} AS n (key, slot, numbers)
      SELECT key, v_slot, jsonb_object_agg(name, number) FROM (
        SELECT a.key, a.name, sum(a.number::numeric) AS number
        FROM unnest(p_add_commit, p_add_key, p_add_name, p_add_number) AS a (commit, key, name, number)
        WHERE a.commit <> ALL (v_refused) GROUP BY a.key, a.name
      ) AS sums GROUP BY key ORDER BY key
      ON CONFLICT (key, slot) DO UPDATE SET numbers = ${schema}.sum_numbers(n.numbers, excluded.numbers);
  END IF;`

/** The first half of the names of locks on slots. Of two numbers, so that they never meet the locks of keys. */
export const slotLocks = 0x6d66
