/** The status bar shows the machine's position and mode, and positions that the user types are parsed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from '../../extension/timeline/statusText.ts';
import { parsePosition } from '../../extension/timeline/positionText.ts';

const PLACE = {
  ...{ rr: 'record' as const, position: 12_345_678, start: 0, end: 40_000_000 },
  ...{ isRunning: false, isPast: true, seconds: 1.234_567_8 },
};

test('the status bar shows the position, the part of the history before it, the guest time and the mode', () => {
  assert.equal(statusText(PLACE).text, '$(history) 12,345,678 · 30% · 1.235 s · history');
  assert.equal(
    statusText({ ...PLACE, isPast: false, position: 40_000_000, seconds: 3600 }).text,
    '$(record) 40,000,000 · 100% · 3,600.000 s · record',
  );
  assert.equal(statusText({ ...PLACE, rr: 'replay' }).text, '$(debug-rerun) 12,345,678 · 30% · 1.235 s · replay');
  const live = { ...PLACE, rr: 'off' as const, isPast: false };
  assert.equal(
    statusText({ ...live, start: 12_345_678, end: 12_345_678 }).text,
    '$(pulse) 12,345,678 · 1.235 s · live',
    'a run without a history has no percentage',
  );
});

test('the percentage refers to the recorded range, which may start after 0, and is 100 only at the end', () => {
  const percentAt = (position: number) =>
    /\d+%/.exec(statusText({ ...PLACE, start: 1000, end: 2000, position }).text)?.[0];
  assert.deepEqual([1000, 1500, 1999, 2000].map(percentAt), ['0%', '50%', '99%', '100%']);
});

test('the tooltip shows where the machine is, and explains the mode', () => {
  const { tooltip } = statusText(PLACE);
  assert.match(tooltip, /Console input is possible again at the live end/);
  assert.match(tooltip, /Position 12,345,678 of 40,000,000 \(30%\)\nGuest time \(mtime\): 1\.2345678 s/);
});

test('a screen reader gets the state in words, without the icon', () => {
  const { label } = statusText(PLACE).accessibilityInformation;
  assert.equal(
    label,
    'blkreplay, history: position 12,345,678 of 40,000,000, 30 percent, guest time 1.235 seconds. Go to Position',
  );
  const live = { ...PLACE, rr: 'off' as const, isPast: false, start: 12_345_678, end: 12_345_678 };
  assert.doesNotMatch(statusText(live).accessibilityInformation.label, /percent|\$/);
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
