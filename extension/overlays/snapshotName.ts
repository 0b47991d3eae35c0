import {
  AUTOMATIC_PREFIX,
  newSnapshotNameProblem,
  SNAPSHOT_NAME_BYTES_MAX,
} from '../../debug-adapter/engine/limits.ts';
import {
  snapshotNameEmpty,
  snapshotNameReserved,
  snapshotNameTaken,
  snapshotNameUnusable,
} from '../../debug-adapter/messages/extension.ts';

/** Describes what is wrong with a name for a snapshot; undefined if the name is valid. */
export function validateSnapshotName(name: string, taken: readonly string[]): string | undefined {
  if (name.trim() === '') return snapshotNameEmpty();
  const problem = newSnapshotNameProblem(name);
  if (problem === 'automatic') return snapshotNameReserved(AUTOMATIC_PREFIX);
  if (problem === 'unusable') return snapshotNameUnusable(SNAPSHOT_NAME_BYTES_MAX);
  return taken.includes(name) ? snapshotNameTaken(name) : undefined;
}

/** Proposes a name that is not taken: `before-crash`, `before-crash-2` and so on. */
export function unusedName(base: string, taken: readonly string[]): string {
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}
