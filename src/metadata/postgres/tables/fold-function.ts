/** Returns a page of a listing with a delimiter in one round trip. It skips the keys below a common prefix. */
import type { Space } from '#metadata/postgres/space.ts'

export const foldFunctionName = (schema: string, space: Space) => `${schema}.${space}_folded_1`

/**
 * A search finds the end of each common prefix. A loop reads the rows between prefixes. The search is no loop because a
 * loop fetches ten or more rows at a time.
 */
export function foldFunction(schema: string, space: Space): string {
  const rows = `SELECT r.key, r.value FROM ${schema}.${space}_rows AS r WHERE r.key >= v_from AND r.key < p_end ORDER BY r.key`
  const find = `
      v_at := position(p_delimiter IN substring(v_row.key FROM p_skip + 1 FOR greatest(0, length(v_row.key) - p_skip - p_ignored)));`
  const give = `
      key := v_row.key;
      value := v_row.value;
      RETURN NEXT;
      v_left := v_left - 1;`
  return `
CREATE FUNCTION ${foldFunctionName(schema, space)}(
  p_start bytea, p_end bytea, p_limit int8, p_skip int4, p_delimiter bytea, p_ignored int4
) RETURNS TABLE (key bytea, value bytea) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_from bytea := p_start;
  v_left int8 := coalesce(p_limit, 9223372036854775807);
  v_row record;
  v_at int4;
BEGIN
  WHILE v_left > 0 LOOP
    ${rows} LIMIT 1 INTO v_row;
    EXIT WHEN v_row.key IS NULL;${find}
    IF v_at > 0 THEN${give}
      v_from := substring(v_row.key FROM 1 FOR p_skip + v_at + length(p_delimiter) - 1) || '\\xff'::bytea;
      CONTINUE;
    END IF;
    v_at := 0;
    FOR v_row IN ${rows} LOOP${find}
      v_from := v_row.key;
      EXIT WHEN v_at > 0;${give}
      EXIT WHEN v_left = 0;
    END LOOP;
    EXIT WHEN v_at = 0;
  END LOOP;
END $$;`
}
