import path from 'node:path';
import { groupByCode, type Symbols, type Value } from '../../../../debug-adapter/engine/symbols/index.ts';
import { callStackOf, type StackFrame } from '../../../../debug-adapter/engine/session/callStack.ts';
import { globalsOf, localsOf } from '../../../../debug-adapter/engine/session/frameVariables.ts';
import { isCallerSaved } from '../../../../debug-adapter/engine/symbols/unwinding/registers.ts';
import { LoadedSymbols } from '../../../../debug-adapter/engine/session/loadedSymbols.ts';
import { GuestValue } from '../../../../debug-adapter/engine/symbols/values/shownValue.ts';
import { open } from './fixtures.ts';
import { elfOf, inspectorOf, type SampledFrame, type SampledValue, type ValueSample } from './valueSamples.ts';

/**
 * A difference between what blkreplay and gdb show at a stop of a program. The frames, the variables of the innermost
 * function and of its caller, and the registers are compared.
 */
export interface Difference {
  /**
   * `wrong`: both show a value, and the values differ. `missing`: only gdb shows one. `extra`: only blkreplay shows
   * one. `text`: the values are equal, but are written differently. The other kinds name the part that differs.
   */
  kind: 'wrong' | 'missing' | 'extra' | 'text' | 'type' | 'children' | 'noVariable' | 'frame' | 'register';
  /** For example `square[0][1] at arrays values.c:120`. */
  where: string;
  ours: string;
  theirs: string;
  /** Whether the value is in a caller's register that the called function may have overwritten. */
  isOverwritten?: boolean;
  /** Whether some bytes of the value have no location. */
  isIncomplete?: boolean;
}

export interface Comparison {
  values: number;
  frames: number;
  registers: number;
  differences: Difference[];
}

type FrameWithSymbols = StackFrame & { symbols: Symbols };

/** Compares what blkreplay and gdb show at every sample of a program. */
export function compareWithGdb(file: string, samples: readonly ValueSample[]): Comparison {
  const groups = groupByCode([{ symbols: open(file), isBooted: true }]);
  const elf = elfOf(file);
  const result: Comparison = { values: 0, frames: 0, registers: 0, differences: [] };
  for (const sample of samples) {
    const inspector = inspectorOf(sample, elf);
    compareStack(callStackOf(inspector, new LoadedSymbols(groups, inspector)), sample.frames, result);
  }
  return result;
}

function compareStack(ours: readonly StackFrame[], theirs: readonly SampledFrame[], result: Comparison): void {
  const [ourTexts, theirTexts] = [ours.map(frameText), theirs.map(sampledFrameText)];
  const where = `at ${theirTexts[0]}, ${theirs[0].pc}`;
  result.frames += theirs.length;
  const isSame = ourTexts.join('\n') === theirTexts.join('\n');
  if (!isSame)
    result.differences.push({ kind: 'frame', where, ours: ourTexts.join(' < '), theirs: theirTexts.join(' < ') });
  theirs.forEach((frame, level) => {
    // Frames at the same level are compared. If their locations differ, their variables are not compared.
    const own = ours[level];
    if (!own?.symbols || own.frame.pc !== BigInt(frame.pc) || own.source.at?.line !== frame.line) return;
    const at = `in frame ${level} ${where}`;
    const withSymbols = own as FrameWithSymbols;
    if (frame.variables) compareVariables(localsOf(withSymbols), frame.variables, at, result);
    if (frame.globals) compareVariables(globalsOf(withSymbols), frame.globals, at, result);
    if (frame.registers) compareRegisters(own, frame.registers, at, result);
  });
}

function frameText({ source: { name, at } }: StackFrame): string {
  const location = at ? ` ${path.basename(at.file.name)}:${at.line}` : '';
  return `${name ?? '??'}${location}`;
}

function sampledFrameText({ name, file, line }: SampledFrame): string {
  return `${name ?? '??'}${file === null ? '' : ` ${file}:${line}`}`;
}

function compareRegisters(
  { frame }: StackFrame,
  theirs: NonNullable<SampledFrame['registers']>,
  at: string,
  result: Comparison,
): void {
  for (const [number, text] of Object.entries(theirs)) {
    const value = frame.register(Number(number));
    const ours = value === undefined ? null : `0x${value.toString(16)}`;
    result.registers++;
    const isOverwritten = value === undefined && frame.depth > 0 && isCallerSaved(Number(number));
    const difference = { kind: 'register' as const, where: `${number} ${at}`, ours: `${ours}`, theirs: `${text}` };
    if (ours !== text) result.differences.push({ ...difference, isOverwritten });
  }
}

function compareVariables(
  values: readonly Value[],
  theirs: Record<string, SampledValue>,
  at: string,
  result: Comparison,
): void {
  for (const [name, expected] of Object.entries(theirs)) {
    const value = values.find((each) => each.name === name);
    if (value) compareValue(value, expected, `${name} ${at}`, result);
    else if (!isFailure(expected[1])) {
      result.values++;
      result.differences.push({ kind: 'noVariable', where: `${name} ${at}`, ours: '', theirs: expected[1] });
    }
  }
}

function compareValue(ours: Value, [type, text, children]: SampledValue, where: string, result: Comparison): void {
  if (isFailure(text)) return;
  result.values++;
  const { location } = ours;
  const isOverwritten = location.kind === 'register' && isCallerSaved(location.register);
  const isIncomplete = isIncompleteValue(ours);
  const differ = (kind: Difference['kind'], own: string, expected: string) =>
    void result.differences.push({ kind, where, ours: own, theirs: expected, isOverwritten, isIncomplete });
  if (ours.typeName !== type) differ('type', ours.typeName, type);
  else {
    const kind = textDifference(ours.text, text);
    // Wrong parts are reported when the children are compared. In a struct, gdb shows references as addresses.
    const hasParts = children.length > 0 && !/^[*&]$/.test(children[0][0]);
    if (kind && !(hasParts && /[=:] @0x/.test(text)))
      differ(kind === 'wrong' && hasParts ? 'text' : kind, ours.text, text);
  }
  if (isUnknown(text) || isUnknown(ours.text)) return;
  compareChildren(ours, children, where, result);
}

function compareChildren(ours: Value, theirs: SampledValue[2], where: string, result: Comparison): void {
  if (theirs.length === 0) return;
  const own = ours.children();
  const [first, target] = theirs[0];
  // For a pointer or reference to a struct, blkreplay shows the members of the struct instead of the struct itself.
  if (first === '*' || first === '&') {
    const isTarget = own.length === 1 && own[0].name.startsWith('*');
    if (isTarget) compareValue(own[0], target, `*${where}`, result);
    else if (!isUnknown(target[1])) compareChildren(ours, target[2], `*${where}`, result);
    return;
  }
  // In blkreplay, the children of a Rust enum are the fields of its variant; in gdb, they are the discriminant and the
  // variant.
  const [variant, ...others] = theirs.filter(([name]) => name !== '<anonymous>');
  if (others.length === 0 && variant?.[1][0].endsWith(`::${variant[0]}`)) {
    const fields = variant[1][2].map(([name, value]): (typeof theirs)[number] => [name.replace(/^__/, ''), value]);
    return compareChildren(ours, fields, where, result);
  }
  // In blkreplay, the children of a Rust slice are its elements; in gdb, they are the pointer and the length.
  if (theirs.map(([name]) => name).join() === 'data_ptr,length') return;
  const [names, expected] = [own.slice(0, theirs.length).map(nameOf), theirs.map(([name]) => name)];
  if (names.join() !== expected.join()) {
    result.values++;
    result.differences.push({ kind: 'children', where, ours: names.join(), theirs: expected.join() });
  }
  for (const [name, value] of theirs) {
    const child = own.find((each) => nameOf(each) === name);
    if (child) compareValue(child, value, `${name} of ${where}`, result);
  }
}

const isIncompleteValue = (value: Value): boolean =>
  value instanceof GuestValue && value.storage.kind === 'pieces' && value.bytes() === undefined;

const nameOf = ({ name }: Value): string => (name.startsWith('<anonymous') ? '<anonymous>' : name);

/**
 * Compares our text of a value with gdb's. Returns the kind of difference; undefined if the texts are the same or if
 * ours only omits parts.
 */
function textDifference(ours: string, theirs: string): Difference['kind'] | undefined {
  if (isUnknown(ours) || isUnknown(theirs))
    return isUnknown(ours) === isUnknown(theirs) ? undefined : isUnknown(ours) ? 'missing' : 'extra';
  const [own, expected] = [normalized(ours), normalized(theirs)];
  if (own === expected || isSameNumber(own, expected) || isShorter(own, expected)) return undefined;
  // blkreplay shows an array as numbers, and gdb shows it as a string.
  const isString = own.startsWith('{') && /^[LuU]?["']/.test(expected);
  return isString || plain(own) === plain(expected) ? 'text' : 'wrong';
}

/**
 * Removes differences that do not matter: gdb reports an unreadable string behind a pointer, and blkreplay omits the
 * zeroes at the end of a character array and the hashes in the names of Rust symbols.
 */
function normalized(text: string): string {
  return text
    .replace(/ <error: Cannot access memory at address 0x[0-9a-f]+>/g, '')
    .replace(/(?:\\000)+"(?!")/g, '"')
    .replace(/(?:("), )?[LuU]?'\\000' <repeats \d+ times>/g, (_, quote) => quote ?? '""')
    .replaceAll('<synthetic pointer>', '<optimized out>')
    .replace(/::h[0-9a-f]{16}(?=[>+])/g, '')
    .replace(/^@0x[0-9a-f]+: /, '')
    .replace(/::h[0-9a-f]{16}(?=>)/g, '')
    .replace(/^\([^)]*\([^)]*::\*\)\([^)]*\)\) /, '')
    .replaceAll('<error reading variable: value has been optimized out>', '<optimized out>')
    .replace(/<error reading variable: Missing ELF symbol "\w+"\.>|<invalid address>/g, '<optimized out>')
    .replace(/^-?nan\(0x[0-9a-f]+\)/, 'nan');
}

/**
 * Whether two strings contain the same floating-point numbers. gdb shows 9, 17 or 36 digits, depending on the type;
 * blkreplay shows only as many as are needed to identify the number.
 */
function isSameNumber(ours: string, theirs: string): boolean {
  const [own, expected] = [ours.match(FLOAT) ?? [], theirs.match(FLOAT) ?? []];
  if (own.length === 0 || own.length !== expected.length) return false;
  if (ours.replace(FLOAT, '#') !== theirs.replace(FLOAT, '#')) return false;
  return own.every((number, i) => isSameFloat(number, expected[i]));
}

function isSameFloat(ours: string, theirs: string): boolean {
  const digits = Math.max(...[ours, theirs].map((text) => text.replace(/e.*|\D/g, '').replace(/^0+/, '').length));
  if (digits > 17) return sameDigits(ours, theirs);
  const [own, expected] = [Number(ours), Number(theirs)];
  return own === expected || (digits <= 9 && Math.fround(own) === Math.fround(expected));
}

/**
 * Whether the first 33 digits of two numbers (the precision of a `long double`) differ by at most 1 in the last digit.
 */
function sameDigits(ours: string, theirs: string): boolean {
  const [own, expected] = [ours, theirs].map((text) => {
    const [, mantissa, exponent = 'e0'] = /^-?([\d.]+)(e.*)?$/.exec(text)!;
    const significant = mantissa.replace(/^0\.0*|\./g, '');
    return { first: BigInt(significant.slice(0, 33).padEnd(33, '0')), rest: exponent + String(text.startsWith('-')) };
  });
  const distance = own.first - expected.first;
  return own.rest === expected.rest && distance <= 1n && distance >= -1n;
}

const approximate = (number: string): string =>
  /[.e]/.test(number) && Math.fround(Number(number)) !== 0 ? String(Math.fround(Number(number))) : number;

const FLOAT = /-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![A-Za-hj-z_\d"'])/g;

/**
 * Whether gdb failed to evaluate the value, so that there is nothing to compare with. Unreadable memory does not count
 * as a failure.
 */
const isFailure = (text: string): boolean => text.startsWith('error: ') && !text.startsWith('error: Cannot access');

/** Whether a value is not available, or consists only of parts that are not available. */
function isUnknown(text: string): boolean {
  const rest = text.replaceAll(STATIC_MEMBER, '').replace(UNAVAILABLE, '');
  // The text of a composite Rust value begins with the name of its type.
  const parts = rest.replace(/^.*\{vtable_type\} (?=\{)|[\w:<>&]+ ?(?=[{(])/g, '');
  return rest === '' || (rest !== text && /^[{[(][^"'0-9]*[}\])]$/.test(parts.replace(/[\w.<>$:]+ ?[=:] ?/g, '')));
}

const STATIC_MEMBER = /static \w+ = [^,{}]*/g;
const UNAVAILABLE =
  /<error reading variable: value has been optimized out>|<optimized out>|<error reading variable: value has been optimized out>|<cannot read 0x[0-9a-f]+>|<?error(?: reading variable)?: Cannot access memory at address 0x[0-9a-f]+>?|<synthetic pointer>/g;

/** Whether our text is a summary of the expected text that leaves out parts, which are marked by `…`. */
function isShorter(own: string, expected: string): boolean {
  // The parts of a summary are compared as children, so approximate numbers suffice here.
  const [ours, theirs] = [own, expected].map((text) => text.replace(FLOAT, (number) => approximate(number)));
  if (ours === theirs) return true;
  const parts = ours.split('…');
  if (parts.length === 1 || !theirs.startsWith(parts[0])) return false;
  let from = 0;
  for (const part of parts) {
    const found = theirs.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return true;
}

/** Returns a number without the symbol, character or string that follows it; removes the spaces from any other text. */
const plain = (text: string): string =>
  /^(-?[\d.]+(?:e[+-]\d+)?|0x[0-9a-f]+)(?: .*)?$/s.exec(text)?.[1] ?? text.replaceAll(' ', '');
