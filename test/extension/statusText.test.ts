/** The status bar shows the machine's position and mode, and positions that the user types are parsed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from '../../extension/timeline/statusText.ts';
import { parsePosition } from '../../extension/timeline/positionText.ts';

const PLACE = {
  ...{ rr: 'record' as const, position: 12_345_678, start: 0, end: 40_000_000 },
  ...{ isRunning: false, isPast: true },
};

test('the status bar shows the position and the mode', () => {
  assert.equal(statusText(PLACE).text, '$(debug-reverse-continue) 12,345,678 / 40,000,000 · history');
  assert.match(statusText(PLACE).tooltip, /Console input is possible again at the live end/);
  assert.equal(
    statusText({ ...PLACE, isPast: false, position: 40_000_000 }).text,
    '$(debug-reverse-continue) 40,000,000 / 40,000,000 · record',
  );
  assert.equal(
    statusText({ ...PLACE, rr: 'replay' }).text,
    '$(debug-reverse-continue) 12,345,678 / 40,000,000 · replay',
  );
  assert.equal(
    statusText({ ...PLACE, rr: 'off', isPast: false, end: 7 }).text,
    '$(debug-reverse-continue) 12,345,678 / 12,345,678 · live',
  );
});

test('positions are accepted in the notations that people use', () => {
  const read = (text: string) => parsePosition(text, PLACE);
  assert.equal(read('12,345,678'), 12_345_678);
  assert.equal(read(' 1_000 '), 1000);
  assert.equal(read("1'000"), 1000);
  assert.equal(read('0'), 0);
  assert.equal(read('start'), 0);
  assert.equal(read('End'), 40_000_000);
  assert.equal(read('+1000'), 12_346_678);
  assert.equal(read('-8'), 12_345_670);
  assert.equal(read('1.5M'), 1_500_000);
  assert.equal(read('-2k'), 12_343_678);
  assert.equal(read('1_000 / 2'), undefined);
  for (const text of ['', 'x', '1.5', '0x10', '1e6', '--1', '99999999999999999999']) {
    assert.equal(read(text), undefined, text);
  }
});
