import { comparedBits } from './exceptions.ts';
import type { Answer, BoardOptions, Operation, Width } from './operation.ts';

/**
 * Scripts and QEMU's answers as text, for storage. `U5b:60` is a byte read of UART register 5 that returned 0x60,
 * `U0b=41` is a write, and `!5` at the end means a trap with cause 5. A line such as `board 2 legacy` starts
 * a script.
 */
export interface Recorded {
  board: BoardOptions;
  operations: Operation[];
  /** The compared part of each answer as text, in the format of `answerOf`. */
  answers: string[];
}

export function writeTranscript(scripts: readonly Recorded[]): string {
  return scripts
    .map(({ board, operations, answers }) => {
      const words = operations.map((operation, i) => textOf(operation) + answers[i]);
      return [`board ${board.harts} ${board.legacy ? 'legacy' : 'modern'}`, ...wrapped(words), ''].join('\n');
    })
    .join('');
}

export function readTranscript(text: string): Recorded[] {
  const scripts: Recorded[] = [];
  for (const line of text.split('\n').filter((part) => part !== '')) {
    const words = line.split(' ');
    if (words[0] === 'board') {
      const board: BoardOptions = { harts: words[1] === '2' ? 2 : 1, legacy: words[2] === 'legacy' };
      scripts.push({ board, operations: [], answers: [] });
      continue;
    }
    for (const word of words) {
      const { operation, answer } = decode(word);
      scripts.at(-1)!.operations.push(operation);
      scripts.at(-1)!.answers.push(answer);
    }
  }
  return scripts;
}

const ANSWERS: readonly Operation['kind'][] = ['read', 'lines', 'otherLines', 'sum', 'settle'];

/** `:60` for a value, `!5` for a trap, or nothing for an operation whose value is not compared. */
export function answerOf(operation: Operation, answer: Answer, board: BoardOptions): string {
  if (answer.cause !== 0) return `!${answer.cause}`;
  const isTold = operation.kind !== 'read' || operation.isTold !== false;
  return ANSWERS.includes(operation.kind) && isTold
    ? `:${comparedBits(operation, answer.value, board).toString(16)}`
    : '';
}

function wrapped(words: readonly string[]): string[] {
  const lines = [''];
  for (const word of words) {
    const last = lines.length - 1;
    if (lines[last].length + word.length > 118) lines.push(word);
    else lines[last] += (lines[last] === '' ? '' : ' ') + word;
  }
  return lines;
}

const BASES: readonly [letter: string, base: number, end: number][] = [
  ['F', 0x0010_0000, 0x0010_1000],
  ['R', 0x0010_1000, 0x0010_2000],
  ['C', 0x0200_0000, 0x0201_0000],
  ['P', 0x0c00_0000, 0x0c60_0000],
  ['U', 0x1000_0000, 0x1000_0100],
  ['V', 0x1000_1000, 0x1000_9000],
  ['M', 0x8100_0000, 0x8104_0000],
  ['X', 0, 0x1_0000_0000],
];
const LETTERS: Readonly<Record<Width, string>> = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' };
const WIDTHS: Readonly<Record<string, Width>> = { b: 1, w: 2, l: 4, q: 8 };

export function textOf(operation: Operation): string {
  switch (operation.kind) {
    case 'read':
      return `${placeOf(operation.address)}${LETTERS[operation.bytes]}${operation.isTold === false ? '~' : ''}`;
    case 'write':
      return `${placeOf(operation.address)}${LETTERS[operation.bytes]}=${operation.value.toString(16)}`;
    case 'wait':
      return `wait${operation.ticks.toString(16)}`;
    case 'lines':
      return 'lines';
    case 'otherLines':
      return 'others';
    case 'sum':
      return `${placeOf(operation.address)}+${operation.lengthBytes.toString(16)}`;
    case 'settle':
      return `${placeOf(operation.address)}@${operation.value.toString(16)}`;
  }
}

function decode(word: string): { operation: Operation; answer: string } {
  const [, text, answer] = /^([^:!]*)(.*)$/.exec(word)!;
  return { operation: decodeOperation(text), answer };
}

function decodeOperation(text: string): Operation {
  if (text === 'lines') return { kind: 'lines' };
  if (text === 'others') return { kind: 'otherLines' };
  if (text.startsWith('wait')) return { kind: 'wait', ticks: parseInt(text.slice(4), 16) };
  const [, letter, offset, sign, value] = /^([A-Z])([0-9a-f]+)([bwlq][~=]?|[+@])([0-9a-f]*)$/.exec(text)!;
  const address = BASES.find(([name]) => name === letter)![1] + parseInt(offset, 16);
  if (sign === '+') return { kind: 'sum', address, lengthBytes: parseInt(value, 16) };
  if (sign === '@') return { kind: 'settle', address, value: parseInt(value, 16) };
  const bytes = WIDTHS[sign[0]];
  if (sign.endsWith('=')) return { kind: 'write', address, bytes, value: BigInt(`0x${value}`) };
  return sign.endsWith('~') ? { kind: 'read', address, bytes, isTold: false } : { kind: 'read', address, bytes };
}

function placeOf(address: number): string {
  const [letter, base] = BASES.find(([, from, end]) => address >= from && address < end)!;
  return letter + (address - base).toString(16);
}
