import type { Locator } from 'playwright-core';
import type { Screen } from './screen.ts';

/** The sections of the side bar, and the rows of their trees. */
export class SideBar {
  private readonly screen: Screen;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  async showDebugView(): Promise<void> {
    await this.screen.page.keyboard.press('Control+Shift+D');
    await this.screen.page.waitForSelector('.debug-viewlet');
  }

  treeRow(view: string, text: string | RegExp): Locator {
    return this.pane(view).locator('.monaco-list-row', { hasText: text }).first();
  }

  /** Clicks a button at the end of a row. */
  async clickInTree(view: string, text: string, button: string): Promise<void> {
    const row = this.treeRow(view, text);
    // The row may move away from the mouse when the tree is refreshed.
    await this.screen.until(`${button} is clicked`, async () => {
      await row.hover({ timeout: 1000 });
      // The label of a command with a key ends with the key.
      const labels = `[aria-label="${button}"], [aria-label^="${button} ("]`;
      await row.locator('a.action-label').and(row.locator(labels)).click({ timeout: 1000 });
      return true;
    });
  }

  /** Collapses or expands a side bar section. */
  async togglePane(title: string, wanted: 'open' | 'closed'): Promise<void> {
    const header = this.pane(title).locator('.pane-header');
    const isOpen = (await header.getAttribute('aria-expanded')) === 'true';
    if (isOpen !== (wanted === 'open')) await header.locator('h3.title').click();
  }

  pane(title: string): Locator {
    const header = this.screen.page.locator('.pane-header', {
      has: this.screen.page.locator(`h3.title:text-is("${title}")`),
    });
    return this.screen.page.locator('.pane', { has: header });
  }
}
