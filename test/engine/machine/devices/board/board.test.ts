/** The assembled board responds to random accesses as QEMU's board does.
 *
 * The same guest program performs scripts of random accesses on both boards. This folder contains QEMU 7.2's answers to
 * some scripts; if QEMU is installed, another BLKREPLAY_BOARD_ACCESSES accesses are compared. To rewrite the stored
 * answers: `UPDATE_BOARD_TRANSCRIPT=1 npm run test:one -- test/engine/machine/devices/board/board.test.ts`.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { SeededRandom } from '../../../../support/seededRandom.ts';
import { skipWithoutQemu } from '../qtest.ts';
import { performHere, performInQemu } from './engines.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { type BoardOptions, isAccess, type Operation } from './operation.ts';
import { randomScript } from './script.ts';
import { answerOf, readTranscript, type Recorded, textOf, writeTranscript } from './transcript.ts';
import { times } from '../../../../support/extent.ts';

const TRANSCRIPT = path.join(import.meta.dirname, 'transcript.txt');
const TRANSCRIPT_SEED = 14;
const TRANSCRIPT_ACCESSES = 10_000;
const ACCESSES = times({ quick: 20_000, long: 200_000 }, 'BLKREPLAY_BOARD_ACCESSES');
const ACCESSES_EACH = 10_000;

const BOARDS: readonly BoardOptions[] = [
  { harts: 1, legacy: false },
  { harts: 2, legacy: false },
  { harts: 1, legacy: true },
  { harts: 2, legacy: true },
];

if (process.env.UPDATE_BOARD_TRANSCRIPT) updateTranscript();

test('the board gives the answers in the stored transcript of QEMU', () => {
  const scripts = readTranscript(readFileSync(TRANSCRIPT, 'utf8'));
  const accesses = scripts.reduce((sum, { operations }) => sum + operations.filter(isAccess).length, 0);
  assert(accesses >= TRANSCRIPT_ACCESSES, `${accesses} accesses`);
  for (const script of scripts) assertSame(answersHere(script.operations, script.board), script, 'the transcript');
});

test('the board responds as the installed QEMU does', { skip: skipWithoutQemu }, (t) => {
  const { seed } = SeededRandom.forTest(t);
  let accesses = 0;
  for (let round = 0; accesses < ACCESSES; round++) {
    const board = BOARDS[round % BOARDS.length];
    const operations = randomScript(new SeededRandom(seed + round), board, ACCESSES_EACH);
    const theirs = answersOfQemu(operations, board);
    assertSame(answersHere(operations, board), { board, operations, answers: theirs }, `seed ${seed}, round ${round}`);
    accesses += operations.filter(isAccess).length;
  }
  t.diagnostic(`${accesses} accesses of devices`);
});

test('the exceptions in the scripts are the differences from QEMU that docs/qemu-differences.md lists', () => {
  const text = readFileSync('docs/qemu-differences.md', 'utf8');
  const listed = [...text.matchAll(/^- `([a-z0-9-]+)`: /gm)].map(([, name]) => name);
  assert.deepEqual(EXCEPTIONS.map(({ name }) => name).sort(), listed.sort());
});

function answersHere(operations: Operation[], board: BoardOptions): string[] {
  return performHere(operations, board).map((answer, i) => answerOf(operations[i], answer, board));
}

function answersOfQemu(operations: Operation[], board: BoardOptions): string[] {
  return performInQemu(operations, board).map((answer, i) => answerOf(operations[i], answer, board));
}

/** Reports a difference together with the operations before it. */
function assertSame(ours: readonly string[], { board, operations, answers }: Recorded, where: string): void {
  const at = answers.findIndex((answer, i) => ours[i] !== answer);
  if (at < 0) return;
  const before = operations.slice(Math.max(0, at - 40), at + 1).map(textOf);
  assert.equal(ours[at], answers[at], `${where}, ${JSON.stringify(board)}, operation ${at}: ${before.join(' ')}`);
}

function updateTranscript(): void {
  const scripts = BOARDS.map((board, i): Recorded => {
    const random = new SeededRandom(TRANSCRIPT_SEED + i);
    const operations = randomScript(random, board, TRANSCRIPT_ACCESSES / BOARDS.length);
    return { board, operations, answers: answersOfQemu(operations, board) };
  });
  writeFileSync(TRANSCRIPT, writeTranscript(scripts));
}
