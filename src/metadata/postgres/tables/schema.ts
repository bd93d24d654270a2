/** The tables of a database as steps. Each step is applied once. A released step never changes. */

import { type Space, spaces } from '#metadata/postgres/space.ts'
import { commitFunction } from './commit-function.ts'
import { foldFunction } from './fold-function.ts'
import { probeFunction } from './probe-locks.ts'

/** Function names contain a version: nodes of an older release may still call the previous one. */
export const migrations: readonly ((schema: string) => string)[] = [
  (schema) => [lanes(schema), probeFunction(schema), ...spaces.map((space) => tablesOf(schema, space))].join('\n'),
]

/**
 * One row for each connection that commits, with the number and the answer of its last commit. With it a node finds out
 * what happened to a commit after its answer was lost. `is_closed`: no further commit of the connection takes effect.
 */
const lanes = (schema: string) => `
CREATE TABLE ${schema}.lanes (
  id uuid PRIMARY KEY,
  number int8 NOT NULL,
  refused int4[] NOT NULL,
  is_closed bool NOT NULL,
  used_at timestamptz NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);`

/**
 * `rows`: all rows, in byte order. Large values are stored without compression. `counts`: numbers added to a row,
 * spread over slots so that commits that add to the same row do not wait for each other.
 */
const tablesOf = (schema: string, space: Space) => `
CREATE TABLE ${schema}.${space}_rows (
  key bytea PRIMARY KEY,
  value bytea NOT NULL
) WITH (
  fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 10000,
  autovacuum_analyze_scale_factor = 0.1, toast.autovacuum_vacuum_scale_factor = 0.05
);
ALTER TABLE ${schema}.${space}_rows ALTER COLUMN value SET STORAGE EXTERNAL;
CREATE TABLE ${schema}.${space}_counts (
  key bytea,
  slot int4,
  name text,
  number numeric NOT NULL,
  PRIMARY KEY (key, slot, name)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 2000);
${commitFunction(schema, space)}
${foldFunction(schema, space)}`
