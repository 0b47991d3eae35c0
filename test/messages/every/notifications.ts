import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Notification, state } from './fakeVscode.ts';
import type { Shown } from './rows.ts';

/** The message that an action shows, which must be the only one and must be shown as `how` specifies. */
export const shows =
  (how: Notification['how'], act: (t: TestContext) => unknown) =>
  async (t: TestContext): Promise<Shown> => {
    state.shown = [];
    await act(t);
    const [first, ...more] = state.shown;
    assert.deepEqual([first?.how, more], [how, []], JSON.stringify(state.shown));
    return { text: first.text };
  };
