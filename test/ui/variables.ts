import type { Locator } from 'playwright-core';
import type { Screen } from './screen.ts';

/** After this many attempts to find a row by scrolling down, the search starts again from the top. */
const TRIES_FROM_TOP = 40;

/** The Variables view. */
export class Variables {
  private readonly screen: Screen;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  /**
   * Expands the parents of a variable, such as Globals, store and superblock for entry_count, and returns the
   * variable's row.
   */
  async row(scope: string, ...names: string[]): Promise<Locator> {
    const list = this.screen.page.locator('.debug-variables .monaco-list');
    await list.hover();
    await this.scrollToTop();
    const labels = names.map((name, i) => `[aria-level="${i + 2}"][aria-label^="${name}, value "]`);
    const path = [`[aria-label="Scope ${scope}"]`, ...labels].map((label) => list.locator(`.monaco-list-row${label}`));
    for (const [i, row] of path.entries()) await this.showRow(row.first(), path[i - 1]?.first());
    return path.at(-1)!.first();
  }

  async value(scope: string, ...names: string[]): Promise<string> {
    const label = await (await this.row(scope, ...names)).getAttribute('aria-label');
    return label!.replace(/^.*?, value /, '');
  }

  /** Scrolls in small steps, because one large wheel movement is sometimes ignored. */
  private async scrollToTop(): Promise<void> {
    for (let turn = 0; turn < 25; turn++) await this.screen.page.mouse.wheel(0, -200);
  }

  /**
   * Makes a variable's row appear. The list contains only visible rows, so this method expands the parent or scrolls
   * down. It also starts again from the top now and then, since a refreshed list keeps its scroll position.
   */
  private async showRow(row: Locator, parent: Locator | undefined): Promise<void> {
    let tries = 0;
    await this.screen.until(`there is ${row}`, async () => {
      if ((await row.count()) > 0) return true;
      if (++tries % TRIES_FROM_TOP === 0) {
        await this.scrollToTop();
        return false;
      }
      const isClosed = (await parent?.count()) && (await parent!.getAttribute('aria-expanded')) === 'false';
      if (isClosed) await parent!.locator('.monaco-tl-twistie').click({ timeout: 1000 });
      else await this.screen.page.mouse.wheel(0, 44);
      return false;
    });
    await row.scrollIntoViewIfNeeded();
  }
}
