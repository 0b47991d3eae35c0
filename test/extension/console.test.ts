/** The guest's terminal shows the output up to the machine's position, and passes typed text on byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsoleEvent } from '../../debug-adapter/dap/customProtocol.ts';
import { ConsoleScreen } from '../../extension/console/consoleScreen.ts';
import { messageLine, typedToBase64 } from '../../extension/console/consoleText.ts';
import { plainLine } from '../../extension/console/plainLine.ts';
import { KEPT_CHARACTERS_MAX, TimedText } from '../../extension/console/timedText.ts';
import { longTest } from '../support/extent.ts';

/** Output whose first byte is printed at `position`; each further byte is printed ten steps after the one before. */
function output(text: string | Uint8Array, position = 100): ConsoleEvent {
  const bytes = Buffer.from(text);
  return { base64: bytes.toString('base64'), steps: Array.from(bytes, (_, i) => (i === 0 ? position : 10)) };
}

function shown(...chunks: (string | Uint8Array)[]): string {
  const text = new TimedText();
  for (const chunk of chunks) text.append(output(chunk));
  return text.slice(0);
}

test('each line that the guest prints starts at the left margin, whatever its line ending', () => {
  assert.equal(shown('one\ntwo\n'), 'one\r\ntwo\r\n');
  assert.equal(shown('one\r\ntwo\r\n'), 'one\r\ntwo\r\n');
  assert.equal(shown('one\r', '\ntwo'), 'one\r\ntwo', 'cut between the two');
  assert.equal(shown('10%\r20%\r30%\n'), '10%\r20%\r30%\r\n', 'a line drawn again');
  assert.equal(shown('\n\n'), '\r\n\r\n');
});

test('characters that are split across events are shown whole, and invalid bytes as replacement characters', () => {
  const bytes = Buffer.from('größe €\n');
  const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assert.equal(shown(...pieces), 'größe €\r\n');
  assert.equal(shown(Uint8Array.of(0xff, 0x41)), '\ufffdA');
  assert.equal(shown('\x1b[31mred\x1b[0m\b \b'), '\x1b[31mred\x1b[0m\b \b', 'a terminal draws these');
});

test('typed text is sent to the guest as bytes', () => {
  const bytes = (text: string) => [...Buffer.from(typedToBase64(text), 'base64')];
  assert.deepEqual(bytes('ls\r'), [0x6c, 0x73, 0x0d]);
  assert.deepEqual(bytes('\x03'), [0x03], 'ctrl-c');
  assert.deepEqual(bytes('\x7f\x1b[A'), [0x7f, 0x1b, 0x5b, 0x41]);
  assert.deepEqual(bytes('é'), [0xc3, 0xa9]);
});

test('a long paste is sent in one piece', () => {
  const text = 'x'.repeat(1_000_000);
  assert.equal(Buffer.from(typedToBase64(text), 'base64').length, text.length);
});

test('a message from blkreplay is dim and on a separate line', () => {
  assert.equal(messageLine('[why]', true), '\x1b[3m[why]\x1b[23m\r\n');
  assert.equal(messageLine('[why]', false), '\r\n\x1b[3m[why]\x1b[23m\r\n');
});

// --- lines and positions -------------------------------------------------------------------------------------------

test('a line is rendered as a terminal shows it', () => {
  assert.equal(plainLine('\x1b[1;32mok\x1b[0m done  '), 'ok done');
  assert.equal(plainLine('10%\r20%\r30%\r'), '30%');
  assert.equal(plainLine('cat\b\b\x1b[Kow'), 'cow');
  assert.equal(plainLine('a\tb'), 'a       b');
  assert.equal(plainLine('\x1b]0;title\x07text\x1b]8;;x\x1b\\!'), 'text!');
  assert.equal(plainLine('cut \x1b['), 'cut');
});

test('for a line of the terminal, the position of its first byte is found for each time that it was printed', () => {
  const text = new TimedText();
  text.append(output('boot\n', 1000));
  text.append(output('\x1b[31mtick\x1b[0m\n', 2000));
  text.append(output('tick', 3000));
  assert.deepEqual(text.linesWith('boot  '), [{ text: 'boot', position: 1000 }]);
  assert.deepEqual(
    text.linesWith('tick').map(({ position }) => position),
    [2000, 3000],
  );
  assert.deepEqual([text.linesWith('tic'), text.linesWith('')], [[], []], 'only whole lines');
});

test('a byte is printed after the step at its position', () => {
  const text = new TimedText();
  text.append(output('abc', 100));
  assert.deepEqual(
    [0, 100, 101, 110, 111, 120, 121, 1e9].map((position) => text.countAt(position)),
    [0, 0, 1, 1, 2, 2, 3, 3],
  );
});

longTest('when the text becomes too long, the oldest lines are discarded', () => {
  const text = new TimedText();
  const line = `${'x'.repeat(998)}\n`;
  for (let i = 0; i < 1100; i++) text.append(output(line, i * 10_000));
  assert.ok(text.length <= KEPT_CHARACTERS_MAX && text.length > KEPT_CHARACTERS_MAX / 2);
  assert.equal(text.slice(0, 2), 'xx', 'the text starts with a whole line');
  assert.equal(text.countAt(1e9), text.length);
  assert.equal(text.linesWith(line).at(-1)?.position, 1099 * 10_000);
});

// --- the screen ----------------------------------------------------------------------------------------------------

const RESET = '\x1bc';
const dimmed = (text: string) => `\x1b7\x1b[2m${text}\x1b8`;

/** A screen, and a function that returns what was written since its last call. */
function screenWith(...events: ConsoleEvent[]): { screen: ConsoleScreen; written: () => string } {
  const pieces: string[] = [];
  const screen = new ConsoleScreen((text) => pieces.push(text));
  screen.setDimensions({ rows: 10, columns: 80 });
  for (const event of events) screen.append(event);
  return { screen, written: () => pieces.splice(0).join('') };
}

test('going back dims what the guest has not printed yet, and going forward writes it again without duplicates', () => {
  const { screen, written } = screenWith(output('one\ntwo\n', 100));
  assert.equal(written(), 'one\r\ntwo\r\n');
  screen.moveTo(145, false);
  assert.equal(written(), `${RESET}one\r\nt${dimmed('wo')}`);
  screen.moveTo(155, false);
  assert.equal(written(), `\x1b[Jw${dimmed('o')}`);
  screen.moveTo(500, false);
  assert.equal(written(), '\x1b[Jo\r\n');
});

test('after a step that prints nothing, nothing is written to the terminal', () => {
  const { screen, written } = screenWith(output('one\ntwo\n', 100));
  screen.moveTo(125, false);
  written();
  for (const position of [124, 123, 122, 123]) screen.moveTo(position, false);
  assert.equal(written(), '');
});

test('while the machine runs, the screen only goes forward; it goes back when the machine has stopped', () => {
  const { screen, written } = screenWith(output('one\ntwo\n', 100));
  written();
  screen.moveTo(105, true);
  assert.equal(written(), '');
  screen.moveTo(105, false);
  assert.equal(written(), `${RESET}o${dimmed('ne\r\ntwo')}`);
  screen.moveTo(115, true);
  assert.equal(written(), `\x1b[Jn${dimmed('e\r\ntwo')}`);
});

test('when the guest prints something new, all earlier output is no longer dimmed', () => {
  const { screen, written } = screenWith(output('one\n', 100));
  screen.moveTo(0, false);
  written();
  screen.append(output('two\n', 200));
  assert.equal(written(), '\x1b[Jone\r\ntwo\r\n');
});

test('at most half a screen of later output is shown, so that the output at the current position stays in view', () => {
  const { screen, written } = screenWith(output(Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(''), 100));
  written();
  screen.moveTo(0, false);
  const lines = written().split('\r\n');
  assert.equal(lines.length, 6);
  assert.match(lines.at(-1)!, /95 more lines later/);
});

test('long lines count as several rows', () => {
  const { screen, written } = screenWith(output(`${'x'.repeat(200)}\n${'y'.repeat(200)}\nz\n`, 100));
  written();
  screen.moveTo(0, false);
  assert.match(written(), /^\x1bc\x1b7\x1b\[2mx{200}\r\n.*2 more lines later/); // eslint-disable-line no-control-regex
});

test('later output keeps its colors, stays dim, and does not move the cursor over earlier output', () => {
  const { screen, written } = screenWith(output('now\x1b[31mred\x1b[0m\x1b[2J\x1b[H!\n10%\r20%\n', 100));
  written();
  screen.moveTo(125, false);
  assert.equal(written(), `${RESET}now${dimmed('\x1b[31m\x1b[2mred\x1b[0m\x1b[2m!\r\n10%')}`);
});

test('in the past, a message is shown after the later output, and disappears when the machine moves', () => {
  const { screen, written } = screenWith(output('one\ntwo\n', 100));
  screen.moveTo(145, false);
  written();
  screen.showNotice('[why]');
  assert.equal(written(), `\x1b[J${dimmed('wo\r\n\x1b[m\x1b[3m[why]\x1b[23m')}`);
  screen.moveTo(155, false);
  assert.equal(written(), `\x1b[Jw${dimmed('o')}`);
});

test('opening, closing and resizing a terminal do not change its text', () => {
  const { screen, written } = screenWith(output('one\ntwo', 100));
  written();
  screen.render();
  assert.equal(written(), `${RESET}one\r\ntwo`);
  screen.setDimensions({ rows: 1, columns: 1 });
  assert.equal(written(), '', 'the terminal wraps its text itself');
  screen.moveTo(0, false);
  assert.match(written(), /2 more lines later/);
  screen.setDimensions({ rows: 40, columns: 80 });
  screen.append(output('!\n', 300));
  assert.equal(written(), '\x1b[Jone\r\ntwo!\r\n');
});

test('a new session starts with an empty terminal', () => {
  const { screen, written } = screenWith(output('one\n', 100));
  screen.moveTo(0, false);
  written();
  screen.clear();
  screen.append(output('two\n', 5));
  assert.equal(written(), `${RESET}two\r\n`);
});
