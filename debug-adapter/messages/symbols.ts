import { sentence, shown } from './shown.ts';
import { badInput, notice } from './userError.ts';

/**
 * Messages about symbol files, and about the expressions that users type. `name` is the file name that the user gave.
 * Damage inside debug information causes only a warning: the undamaged parts remain usable. `symbolDamage.ts` lists the
 * kinds of damage.
 */
const USE_LINKED_ELF = 'Use a linked ELF file for 64-bit RISC-V, built with -g.';

export const symbolsAreNotElf = (name: string) =>
  badInput('symbols-not-elf', { name }, `${name} is not an ELF file.`, USE_LINKED_ELF);

export const symbolsAreNotRv64 = (name: string) =>
  badInput('symbols-not-rv64', { name }, `${name} is not an ELF file for little-endian 64-bit RISC-V.`, USE_LINKED_ELF);

export const symbolsAreNotLinked = (name: string) =>
  badInput(
    'symbols-not-linked',
    { name },
    `${name} is an object file, so its addresses are not final.`,
    USE_LINKED_ELF,
  );

export const symbolsAreTruncated = (name: string) =>
  badInput(
    'symbols-truncated',
    { name },
    `${name} is truncated: its section header table extends past the end of the file.`,
    'Build it again.',
  );

/**
 * `booted` names the file whose code the machine runs. If that file itself has been rebuilt, `booted` equals `name`.
 */
export const symbolsAreOfOtherBuild = ({ name, booted, address }: { name: string; booted: string; address: bigint }) =>
  notice(
    'symbols-differ',
    { name, booted, address: `0x${address.toString(16)}` },
    `${name} is a different build from ${name === booted ? 'the recorded one' : booted}: the code differs, starting at ` +
      `0x${address.toString(16)}. Breakpoints are set only in functions that are the same in both.`,
    'Use the symbols of the build that the machine is running.',
  );

/** `file` contains debug information for `name`, but is in a folder from which blkreplay does not read files. */
export const symbolFileOutside = (name: string, file: string) =>
  notice(
    'symbols-outside',
    { name, file },
    `${name} refers to ${shown(file)}, which was not read: it is not in the same folder, in the workspace or in a folder ` +
      'listed in "symbolPaths".',
    'If you trust the file, add its folder to "symbolPaths".',
  );

export const debugLinkMismatch = (name: string, file: string) =>
  notice(
    'symbols-link-mismatch',
    { name, file },
    `${file} does not contain the debug information of ${name}: its checksum differs, so it is not used.`,
    'Use the file from the same build.',
  );

export const sourceIsNewer = (source: string, program: string) =>
  notice(
    'source-newer',
    { source, program },
    `${source} is newer than ${program}, so the source lines shown may not match the code that runs.`,
    'Build the program again.',
  );

export const imageHasNoSymbols = (name: string) =>
  badInput(
    'symbols-not-in-image',
    { name },
    `${name} is not a Linux Image with a symbol table.`,
    'Use the Image of a kernel built with CONFIG_KALLSYMS.',
  );

/** Warnings, each of which is shown only once in the console. */
export const debugInfoIsDamaged = (name: string, section: string, damage: string) =>
  sentence(`${name}: ${section} is damaged (${damage}). Some lines or variables are missing. Build it again.`);

export const symbolIndexIsDamaged = (name: string, section: string, damage: string) =>
  sentence(`${name}: ${section} is damaged (${damage}) and is not used. Finding names takes longer.`);

export const symbolsHaveChanged = (name: string) =>
  sentence(`${name} has changed since the session started. Some lines or variables are missing. Restart the session.`);

export const debugSectionIsCompressed = (name: string, section: string) =>
  sentence(`${name}: ${section} uses an unsupported compression format. Build with -gz=none.`);

/** `file` is a `.dwo` file. */
export const debugInfoIsElsewhere = (name: string, file: string) =>
  sentence(
    `${name}: its debug information is in other files, and ${shown(file)} was not found. Some functions and variables ` +
      'are missing. Build it again, or add the folder of that file to "symbolPaths".',
  );

export const supplementaryIsMissing = (name: string, file: string) =>
  sentence(
    `${name}: part of its debug information is in ${shown(file)}, which was not found. Some types are missing. Add ` +
      'the folder of that file to "symbolPaths".',
  );

/** Messages about expressions that users type. */
export const expressionIsEmpty = () =>
  badInput('expression-empty', {}, 'The expression is empty.', 'Type an expression.');

export const expressionHasBadText = (text: string) =>
  badInput('expression-bad-text', { text }, `"${shown(text)}" is not supported in an expression.`, 'Leave it out.');

/** `found` is quoted text, or `expressionParts.end()`. */
export const expressionExpected = (expected: string, found: string) =>
  badInput('expression-expected', { expected, found }, `Expected ${shown(expected)} before ${shown(found)}.`);

/** The parts of an expression that `expressionExpected` names. */
export const expressionParts = {
  operator: () => 'an operator',
  operand: () => 'a name or a number',
  member: () => 'the name of a member',
  count: () => 'a number of elements',
  type: () => 'the name of a type',
  text: (text: string) => `"${text}"`,
  end: () => 'the end of the expression',
};

export const expressionIsTooDeep = () =>
  badInput('expression-too-deep', {}, 'The expression is nested too deeply.', 'Split it into smaller expressions.');

export const nameIsUnknown = (name: string) =>
  badInput(
    'expression-unknown-name',
    { name },
    `There is no variable, function or enumerator "${shown(name)}" here.`,
    'Check the spelling, or select a frame in which it is visible.',
  );

export const typeIsUnknown = (name: string) =>
  badInput(
    'expression-unknown-type',
    { name },
    `There is no type "${shown(name)}" in the debug information.`,
    'Check the spelling, or load symbols that define it.',
  );

export const registerIsUnknown = (name: string) =>
  badInput(
    'expression-unknown-register',
    { name },
    `There is no register "$${shown(name)}", or its value in this frame is not known.`,
    'Check the spelling, or select the innermost frame.',
  );

export const memberIsUnknown = (member: string, type: string) =>
  badInput(
    'expression-unknown-member',
    { member, type },
    `${shown(type)} has no member "${shown(member)}".`,
    'Check the spelling.',
  );

export const isNotAStruct = (what: string, type: string) =>
  badInput(
    'expression-not-a-struct',
    { what, type },
    `${shown(what)} is not a struct or union: its type is ${shown(type)}.`,
    'Only a struct, a union or a pointer to one has members.',
  );

export const isNotAPointer = (what: string, type: string) =>
  badInput(
    'expression-not-a-pointer',
    { what, type },
    `${shown(what)} is not a pointer: its type is ${shown(type)}.`,
    'Use a pointer or an array here.',
  );

export const isNotANumber = (what: string, type: string) =>
  badInput(
    'expression-not-a-number',
    { what, type },
    `${shown(what)} is not a number: its type is ${shown(type)}.`,
    'Use a number here.',
  );

/** How the messages above refer to values that have no name. */
export const valueNames = {
  operandOf: (operator: string) => `The operand of ${operator}`,
  targetOf: (pointer: string) => `The target of ${pointer}`,
};

export const hasNoAddress = (what: string) =>
  badInput(
    'expression-no-address',
    { what },
    `${shown(what)} has no address: it is in a register or computed.`,
    'Use a variable in memory.',
  );

export const cannotBeAssigned = (what: string) =>
  badInput(
    'expression-not-assignable',
    { what },
    `${shown(what)} cannot be assigned to: it is neither in memory nor in a register.`,
    'Assign to a variable, a member, a register or memory.',
  );

export const typesDiffer = (what: string, type: string, wanted: string) =>
  badInput(
    'expression-types-differ',
    { what, type, wanted },
    `${shown(what)} has the type ${shown(type)}; expected ${shown(wanted)}.`,
    'Assign a value of the expected type.',
  );

export const valueIsOptimizedOut = (what: string) =>
  badInput(
    'expression-optimized-out',
    { what },
    `${shown(what)} is optimized out here.`,
    'Go to a position at which it has a value, or build with less optimization.',
  );

export const memoryIsUnreadable = (address: bigint) =>
  badInput(
    'expression-unreadable',
    { address: `0x${address.toString(16)}` },
    `The memory at 0x${address.toString(16)} cannot be read.`,
    'Check the pointer, or stop where this address is mapped.',
  );

export const typeIsIncomplete = (type: string) =>
  badInput(
    'expression-incomplete-type',
    { type },
    `${shown(type)} is only declared: the debug information has no size or members for it.`,
    'Load symbols that define it.',
  );

export const divisionByZero = () =>
  badInput('expression-division-by-zero', {}, 'The expression divides by zero.', 'Check the divisor.');

export const callsAreRefused = (what: string) =>
  badInput(
    'expression-call',
    { what },
    `${shown(what)}(...) would call a guest function, which expressions cannot do.`,
    'Use only variables, registers and memory.',
  );

export const badCount = (count: string) =>
  badInput(
    'expression-bad-count',
    { count },
    `Invalid element count ${shown(count)} after @.`,
    'Use a positive number.',
  );

export const expressionMeetsDamage = (text: string, section: string) =>
  badInput(
    'expression-damage',
    { text, section },
    `${shown(text)} cannot be evaluated: the debug information is damaged (${section}).`,
    'Build the program again.',
  );

/** Texts that replace values that cannot be shown. */
export const valueTexts = {
  unreadable: (address: string) => `<cannot read ${address}>`,
  unknownFloat: () => '<floating-point number in an unknown format>',
  damaged: () => '<damaged debug information>',
  unknownVariant: (discriminant: string) => `<no variant for discriminant ${discriminant}>`,
};
