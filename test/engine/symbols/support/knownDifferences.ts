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
    name: 'unusedVariable',
    reason:
      'If a variable belongs to an inner block of an inlined function, gdb also lists it outside this block, as ' +
      'optimized out.',
    isWorse: false,
    applies: ({ kind, theirs }) => kind === 'noVariable' && theirs === '<optimized out>',
  },
  {
    name: 'variableLength',
    reason:
      'If the compiler recorded no value for the length of an array, gdb shows a length of 1, no length or, instead of ' +
      'the elements, 0x0. gdb does not compute a length that is an entry value or is not initialized yet.',
    isWorse: false,
    applies: ({ kind, where, ours, theirs }) =>
      /^\**(lengths|square) /.test(where) &&
      ((kind === 'type' && ours.includes('[variable length]') && /\[1?\]/.test(theirs)) ||
        (kind === 'type' && /\[\d+\]/.test(ours) && /^\w+ (\[variable length\])+$/.test(theirs)) ||
        (kind === 'missing' && theirs === '0x0') ||
        (kind === 'children' && ours === '')),
  },
  {
    name: 'incompleteSequence',
    reason: 'gdb omits the last character before an incomplete UTF-8 sequence.',
    isWorse: false,
    applies: ({ kind, ours, theirs }) =>
      kind === 'text' && [ours, theirs].every((text) => text.includes('<incomplete sequence ')),
  },
  {
    name: 'rustSymbols',
    reason: 'gdb shows the name of a function that a vtable refers to as in DWARF, with the number of its `impl`.',
    isWorse: false,
    applies: ({ kind, where, theirs }) =>
      kind === 'text' && where.includes('::{vtable}') && /\{impl#\d+\}|<enums::/.test(theirs),
  },
  {
    name: 'unknownVariant',
    reason:
      'If the discriminant of a Rust enum is not known, gdb shows the variant whose discriminant is 0. blkreplay shows ' +
      '`<optimized out>`, because the value may have another variant.',
    isWorse: false,
    applies: ({ kind, isIncomplete, theirs }) =>
      kind === 'missing' && isIncomplete === true && /^core::\w+::(Option|Result)<.*>::(None|Ok\(.*\))$/.test(theirs),
  },
  {
    name: 'elementsOfEnums',
    reason: 'In an array of Rust enums, gdb shows wrong members for variants after the first element.',
    isWorse: false,
    applies: ({ where, ours, theirs }) =>
      where.startsWith('wide ') &&
      ours === '[enums::Wide::Low(4), enums::Wide::High(1099511627776)]' &&
      /High\((0|<optimized out>)\)\]$/.test(theirs),
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
    reason:
      'If only the first bytes of a value are known, gdb takes the rest as zeroes or as bytes of other variables. If ' +
      'only the imaginary part of a complex number is known, gdb does not show it.',
    isWorse: false,
    applies: ({ kind, where, isIncomplete }) =>
      isIncomplete === true &&
      /^(missing|extra|text|wrong)$/.test(kind) &&
      /^((p of )?cell|[wz]|product|base of adder) /.test(where),
  },
  {
    name: 'entryValue',
    reason:
      'gdb gives `other` the value {0, 0} where it is an entry value, although it refers to `point`, which is {1, 2}.',
    isWorse: false,
    applies: ({ where }) => /^(\w of \*)?other in frame 0 at geometry::Point::operator\+ classes\.cpp:17/.test(where),
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
