import type { Difference } from './gdbComparison.ts';

/** A known kind of difference from gdb 13, and the reason for it. Other differences make the tests fail. */
export interface KnownDifference {
  name: string;
  reason: string;
  /** Whether gdb shows more than blkreplay in such a case. Otherwise, gdb is wrong, or both are right. */
  isWorse: boolean;
  applies: (difference: Difference) => boolean;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'overwrittenRegister',
    reason:
      'A function may overwrite the caller-saved registers without saving them. For a caller, gdb shows what they ' +
      'contain now; blkreplay shows that the value is lost.',
    isWorse: false,
    applies: ({ kind, isOverwritten }) => (kind === 'register' || kind === 'missing') && isOverwritten === true,
  },
  {
    name: 'bytesAsNumbers',
    reason:
      'gdb shows arrays of `signed char` and `unsigned char` as text. blkreplay shows them as numbers, because ' +
      '`uint8_t` is one of these types. The elements are equal.',
    isWorse: false,
    applies: ({ kind, ours, theirs }) => /^(text|wrong)$/.test(kind) && isSameExceptBytes(ours, theirs),
  },
  {
    name: 'noValue',
    reason: 'gdb also lists variables that have no location at this position, as optimized out.',
    isWorse: false,
    applies: ({ kind, theirs }) => kind === 'noVariable' && /optimized out>/.test(theirs),
  },
  {
    name: 'variableLength',
    reason:
      'Whether the length of an array can be computed where the variable with the length is not known: gdb shows ' +
      '`[variable length]` although an entry value gives the length, or computes it from an uninitialized register.',
    isWorse: true,
    applies: ({ where }) => /^\**(lengths|square) /.test(where),
  },
  {
    name: 'flexibleArray',
    reason: "gdb's Python interface gives a flexible array member one element; gdb's `print` shows none.",
    isWorse: false,
    applies: ({ kind, where, ours, theirs }) =>
      kind === 'children' && where.startsWith('data of ') && ours === '' && theirs === '[0]',
  },
  {
    name: 'rustSymbols',
    reason: 'gdb shows the name of a function that a vtable refers to as in DWARF, with the number of its `impl`.',
    isWorse: false,
    applies: ({ kind, where, theirs }) =>
      kind === 'text' && where.includes('::{vtable}') && /\{impl#\d+\}|<enums::/.test(theirs),
  },
  {
    name: 'partOfSlice',
    reason:
      'If only the length of a Rust slice is known, gdb reports that the value has been optimized out. blkreplay shows ' +
      'the length.',
    isWorse: false,
    applies: ({ ours, theirs }) => ours.includes('data_ptr: <optimized out>') && theirs.includes('optimized out>'),
  },
  {
    name: 'nullptr',
    reason: 'gdb shows `int` as the type of `nullptr`, and DWARF calls it `decltype(nullptr)`.',
    isWorse: false,
    applies: ({ kind, ours }) => kind === 'type' && ours === 'decltype(nullptr)',
  },
  {
    name: 'int128',
    reason: "gdb spells clang's `unsigned __int128` as `unsigned int __int128`, which is no type.",
    isWorse: false,
    applies: ({ kind, theirs }) => kind === 'type' && theirs === 'unsigned int __int128',
  },
  {
    name: 'shortPiece',
    reason: 'If only the first bytes of a union are known, gdb fills the rest with zeroes.',
    isWorse: false,
    applies: ({ where }) => /^(p of )?cell /.test(where),
  },
  {
    name: 'entryValue',
    reason:
      'gdb gives `other` the value {0, 0} where it is an entry value, although it refers to `point`, which is {1, 2}.',
    isWorse: false,
    applies: ({ where }) => /^(\w of \*)?other in frame 0 at geometry::Point::operator\+ classes\.cpp:17/.test(where),
  },
  {
    name: 'lambdaParameters',
    reason:
      'gdb leaves out the parameters of functions in frames, but it cannot split the names of functions of lambdas.',
    isWorse: false,
    applies: ({ kind, ours, theirs }) => kind === 'frame' && withoutLambdas(ours) === withoutLambdas(theirs),
  },
  {
    name: 'noCallFrameInformation',
    reason:
      'Without call frame information, gdb loses the caller of a function in its epilogue and of a leaf function.',
    isWorse: false,
    applies: ({ kind, theirs }) => kind === 'frame' && theirs.includes('without_cfi '),
  },
  {
    name: 'inlinedEntry',
    reason:
      'At a breakpoint at the first instruction of an inlined function, gdb shows the function if its call is on ' +
      'another line. In blkreplay, the instruction belongs to the call, as it does in steps.',
    isWorse: false,
    applies: ({ kind, ours, theirs }) => kind === 'frame' && theirs.endsWith(` < ${ours}`),
  },
];

/**
 * Whether two strings are the same except for the notation of byte arrays: `{1, 0}` in ours and `"\001\000"` in gdb's.
 */
function isSameExceptBytes(ours: string, theirs: string): boolean {
  const own = ours.replace(/\{-?\d+(?: <repeats \d+ times>)?(?:, -?\d+(?: <repeats \d+ times>)?)*(?:, …)?\}/g, '#');
  const bytes = /(?:, )?(?:"(?:[^"\\]|\\.)*"|'\\?[^']+' <repeats \d+ times>|<incomplete sequence [^>]*>)(?:\.\.\.)?/g;
  const expected = theirs.replace(bytes, '#').replace(/#+/g, '#');
  let from = 0;
  return own.split('…').every((part) => {
    const found = expected.indexOf(part.replace(/"[^"]*"/g, '#'), from);
    from = found + part.length;
    return found >= 0;
  });
}

/** Removes the parameters from the names of lambda functions in a call stack. */
const withoutLambdas = (stack: string): string =>
  stack
    .split(' < ')
    .map((frame) =>
      /\$_|lambda/.test(frame) ? frame.replace(/\((?:[^()]|\([^()]*\))*\)(?: const)?(?= |$)/, '') : frame,
    )
    .join(' < ');
