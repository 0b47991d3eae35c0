import assert from 'node:assert/strict';
import type { Workbench } from './workbench.ts';

/** A user without a mouse. `assertNoMouse` checks that nothing has been clicked since `watchMouse` was called. */
export class Keyboard {
  private readonly workbench: Workbench;

  constructor(workbench: Workbench) {
    this.workbench = workbench;
  }

  /** Counts the clicks in the page from now on. */
  async watchMouse(): Promise<void> {
    await this.workbench.page.evaluate(() => {
      const counter = window as { clicks?: number };
      counter.clicks = 0;
      document.addEventListener('mousedown', () => counter.clicks!++, true);
    });
  }

  async assertNoMouse(): Promise<void> {
    assert.equal(await this.workbench.page.evaluate(() => (window as { clicks?: number }).clicks), 0, 'clicks');
  }

  async press(keys: string): Promise<void> {
    await this.workbench.page.keyboard.press(keys);
  }

  /** Selects the first suggestion of a quick pick that contains the text. For `key`, see `Screen.suggestion`. */
  async pick(text: string, options: { shown?: string; key?: string } = {}): Promise<void> {
    await this.workbench.suggestion(text, options);
    await this.press('Enter');
  }

  async command(title: string): Promise<void> {
    await this.pick(`>${title}`, { shown: title, key: 'F1' });
  }

  async openFile(path: string, line?: number): Promise<void> {
    const name = path.split('/').at(-1)!;
    await this.workbench.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await this.pick(path, { shown: name, key: 'Control+P' });
    await this.workbench.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`);
    await this.workbench.page.waitForSelector('.editor-instance .view-line');
    if (line === undefined) return;
    await this.workbench.answer(`:${line}`, 'Control+G');
  }

  /** Presses keys that move the machine, and returns the position at which it stops. */
  async move(keys: string): Promise<number> {
    const { workbench } = this;
    const before = await position(workbench);
    await this.press(keys);
    await workbench.until(`${keys} moves the machine`, async () => {
      return (await position(workbench)) !== before && (await workbench.debugging.isStopped());
    });
    return position(workbench);
  }

  /** Moves the focus in a tree to the row whose accessible name starts with the text. */
  async focusRow(view: string, name: string): Promise<void> {
    const focused = this.workbench.sideBar.pane(view).locator('.monaco-list-row.focused');
    await this.press('Home');
    await this.workbench.until(`${name} has the focus`, async () => {
      const label = (await focused.getAttribute('aria-label', { timeout: 1000 })) ?? '';
      if (label.startsWith(name)) return true;
      await this.press('ArrowDown');
      return false;
    });
  }
}

/** The machine's position in the status bar. */
export async function position(workbench: Workbench): Promise<number> {
  const [text] = /^[\d,]+/.exec(await workbench.debugging.positionText())!;
  return Number(text.replaceAll(',', ''));
}
