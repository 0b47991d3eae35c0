import { sentence, shown } from './shown.ts';
import { badInput } from './userError.ts';

/**
 * What can be wrong with files of symbols, and with the expressions that people type. `name` is the file as the user
 * knows it. Damage inside debug information is no error: it becomes a complaint, and the rest works.
 */
const HOW_TO_GET_SYMBOLS = 'give a linked ELF file for RISC-V 64-bit, built with -g';

export const symbolsAreNotElf = (name: string) =>
  badInput('symbols-not-elf', `${name} is not an ELF file: ${HOW_TO_GET_SYMBOLS}.`);

export const symbolsAreNotRv64 = (name: string) =>
  badInput(
    'symbols-not-rv64',
    `${name} is an ELF file, but not for little-endian RISC-V 64-bit: ${HOW_TO_GET_SYMBOLS}.`,
  );

export const symbolsAreNotLinked = (name: string) =>
  badInput('symbols-not-linked', `${name} is an object file, its addresses are not final: ${HOW_TO_GET_SYMBOLS}.`);

export const symbolsAreTruncated = (name: string) =>
  badInput(
    'symbols-truncated',
    `${name} is cut short: its table of sections ends past the end of the file; build it again.`,
  );

/** A notice: the session continues. `booted` is the file whose code is in the machine; a rebuilt one has its name. */
export const symbolsAreOfOtherBuild = ({ name, booted, address }: { name: string; booted: string; address: bigint }) =>
  `${name} is another build of ${name === booted ? 'what was recorded' : booted}: the code differs from ` +
  `0x${address.toString(16)} on. Breakpoints are set in functions that are the same in both. ` +
  `Give the symbols of the build that the machine runs.`;

export const imageHasNoSymbols = (name: string) =>
  badInput(
    'symbols-not-in-image',
    `${name} is no Linux Image with a table of symbols: give an Image of a kernel with CONFIG_KALLSYMS.`,
  );

/** Complaints: shown once, in the console. */
export const debugInfoIsDamaged = (name: string, section: string, what: string) =>
  sentence(`${name}: ${section} is damaged (${what}); some lines or variables will be missing: build it again`);

export const debugSectionIsCompressed = (name: string, section: string) =>
  sentence(`${name}: ${section} is compressed in a way that cannot be read here: build with -gz=none`);

export const debugInfoIsElsewhere = (name: string) =>
  sentence(`${name}: its debug information is in .dwo files, which are not read: build without -gsplit-dwarf`);

/** Expressions. */
export const expressionIsEmpty = () => badInput('expression-empty', 'There is nothing to evaluate: type an expression');

export const expressionHasBadText = (text: string) =>
  badInput('expression-bad-text', `'${shown(text)}' cannot stand in an expression here`);

export const expressionExpected = (expected: string, found: string) =>
  badInput('expression-expected', `${shown(expected)} is missing before ${shown(found)}`);

export const expressionIsTooDeep = () =>
  badInput('expression-too-deep', 'The expression is nested too deeply: take it apart');

export const nameIsUnknown = (name: string) =>
  badInput(
    'expression-unknown-name',
    `There is no '${shown(name)}' here: no variable, function or enumerator has this name`,
  );

export const typeIsUnknown = (name: string) =>
  badInput('expression-unknown-type', `There is no type '${shown(name)}' in the debug information`);

export const registerIsUnknown = (name: string) =>
  badInput(
    'expression-unknown-register',
    `There is no register '$${shown(name)}', or its value in this frame is not known`,
  );

export const memberIsUnknown = (member: string, type: string) =>
  badInput('expression-unknown-member', `There is no member '${shown(member)}' in ${shown(type)}`);

export const isNotAStruct = (what: string, type: string) =>
  badInput('expression-not-a-struct', `${shown(what)} is no struct or union but ${shown(type)}`);

export const isNotAPointer = (what: string, type: string) =>
  badInput('expression-not-a-pointer', `${shown(what)} is no pointer but ${shown(type)}`);

export const isNotANumber = (what: string, type: string) =>
  badInput('expression-not-a-number', `${shown(what)} cannot be calculated with: it is ${shown(type)}`);

export const hasNoAddress = (what: string) =>
  badInput('expression-no-address', `${shown(what)} has no address: it is in a register or computed`);

export const cannotBeAssigned = (what: string) =>
  badInput('expression-not-assignable', `${shown(what)} cannot be assigned to: it is not in memory or a register`);

export const typesDiffer = (what: string, type: string, wanted: string) =>
  badInput('expression-types-differ', `${shown(what)} is ${shown(type)}, but ${shown(wanted)} is needed`);

export const valueIsOptimizedOut = (what: string) =>
  badInput('expression-optimized-out', `${shown(what)} is optimized out here`);

export const memoryIsUnreadable = (address: bigint) =>
  badInput('expression-unreadable', `Cannot read memory at 0x${address.toString(16)}`);

export const typeIsIncomplete = (type: string) =>
  badInput(
    'expression-incomplete-type',
    `${shown(type)} is declared only: its size and members are not in the debug information`,
  );

export const divisionByZero = () => badInput('expression-division-by-zero', 'The expression divides by zero');

export const callsAreRefused = (what: string) =>
  badInput('expression-call', `${shown(what)}(...) would call a function of the guest, which looking must not do`);

export const badCount = (count: string) =>
  badInput('expression-bad-count', `@ needs a positive count of elements, not ${shown(count)}`);

export const expressionMeetsDamage = (text: string, section: string) =>
  badInput('expression-damage', `${shown(text)} cannot be evaluated: ${section} of the debug information is damaged`);
