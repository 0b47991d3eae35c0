import type { Difference } from './gdbComparison.ts';

/** A kind of difference from gdb 13 that remains, and why. Other differences fail the tests. */
export interface KnownDifference {
  name: string;
  reason: string;
  applies: (difference: Difference) => boolean;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'overwrittenRegister',
    reason:
      'A function may overwrite the caller-saved registers without saving them. For a caller, gdb shows what they ' +
      'contain now; blkreplay shows that the value is lost.',
    applies: ({ kind, isOverwritten }) => (kind === 'register' || kind === 'missing') && isOverwritten === true,
  },
];
