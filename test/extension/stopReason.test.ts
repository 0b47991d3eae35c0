/** The text at the end of a source line says why the machine has stopped, if there is more to say than "breakpoint". */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopReasonText } from '../../extension/feedback/stopReasonText.ts';

test('the most detailed text is shown', () => {
  const written = 'store.label was written: "a" -> "b"';
  assert.equal(stopReasonText({ reason: 'data breakpoint', description: written, text: written })?.line, written);
  const trap = { description: 'Load page fault', text: 'Load page fault (cause 13, tval 0x0)' };
  assert.equal(stopReasonText({ reason: 'exception', ...trap })?.line, trap.text);
  const end = { description: 'The guest powered off', text: 'End of recording' };
  assert.equal(stopReasonText({ reason: 'pause', ...end })?.line, 'The guest powered off');
  assert.equal(stopReasonText({ reason: 'breakpoint', description: 'Breakpoint, hit 3' })?.line, 'Breakpoint, hit 3');
});

test('a step, a pause and an ordinary breakpoint need no text', () => {
  for (const reason of ['step', 'pause', 'breakpoint']) assert.equal(stopReasonText({ reason }), undefined);
  assert.equal(stopReasonText({ reason: 'goto', description: 'At position 12' }), undefined);
});

test('a long text is shortened to one line, and the hover shows all of it', () => {
  const text = `buffer was written:\n${'x'.repeat(500)}`;
  const shown = stopReasonText({ reason: 'data breakpoint', text })!;
  assert.equal(shown.whole, text);
  assert.equal(shown.line.length, 160);
  assert.match(shown.line, /^buffer was written: x+…$/);
});
