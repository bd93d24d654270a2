/** A page of a listing with a delimiter in one round trip: within a common prefix a few rows are read on, then the rest is passed over. */
import type { Space } from './space.ts'

/** Rows of one common prefix that are read before a search for what follows it is cheaper. */
const rowsBeforeSearch = 10

export const foldFunctionName = (schema: string, space: Space) => `${schema}.${space}_folded_1`

/** Rows are fetched ten at first, so that a loop that is left early has read few. Values stay where they are until a row is returned. */
export const foldFunction = (schema: string, space: Space) => `
CREATE FUNCTION ${foldFunctionName(schema, space)}(
  p_start bytea, p_end bytea, p_limit int8, p_skip int4, p_delimiter bytea, p_ignored int4
) RETURNS TABLE (key bytea, value bytea) LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_from bytea := p_start;
  v_left int8 := coalesce(p_limit, 9223372036854775807);
  v_row record;
  v_at int4;
  v_common bytea;
  v_folder bytea;
  v_passed int4;
  v_is_passed bool := true;
BEGIN
  WHILE v_is_passed AND v_left > 0 LOOP
    v_is_passed := false;
    v_passed := 0;
    FOR v_row IN SELECT r.key, r.value FROM ${schema}.${space}_rows AS r WHERE r.key >= v_from AND r.key < p_end ORDER BY r.key LOOP
      v_at := position(p_delimiter IN substring(v_row.key FROM p_skip + 1 FOR greatest(0, length(v_row.key) - p_skip - p_ignored)));
      IF v_at > 0 THEN
        v_folder := substring(v_row.key FROM 1 FOR p_skip + v_at + length(p_delimiter) - 1);
        IF v_folder = v_common THEN
          v_passed := v_passed + 1;
          CONTINUE WHEN v_passed < ${rowsBeforeSearch};
          v_from := v_folder || '\\xff'::bytea;
          v_is_passed := true;
          EXIT;
        END IF;
        v_common := v_folder;
        v_passed := 0;
      END IF;
      key := v_row.key;
      value := v_row.value;
      RETURN NEXT;
      v_left := v_left - 1;
      EXIT WHEN v_left = 0;
    END LOOP;
  END LOOP;
END $$;`
