import fs from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';

/** The limit is generous, since other work may slow down the test machine. */
const WAIT_MS_MAX = 60_000;

/**
 * The page that shows VS Code, with what all parts of the window need: waiting, screenshots, and the box at the top of
 * the window, in which the user selects commands and files and enters text.
 */
export class Screen {
  readonly page: Page;
  private readonly screenshots: string;

  /** `screenshots` is the folder in which screenshots are saved. */
  constructor(page: Page, screenshots: string) {
    this.page = page;
    this.screenshots = screenshots;
    page.setDefaultTimeout(WAIT_MS_MAX);
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + WAIT_MS_MAX;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > end) throw new Error(`It never came to this: ${what}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Saves a screenshot for human inspection; no test asserts on it. */
  async screenshot(name: string): Promise<void> {
    fs.mkdirSync(this.screenshots, { recursive: true });
    await this.page.screenshot({ path: path.join(this.screenshots, `${name}.png`), animations: 'disabled' });
  }

  /** Runs a command through the command palette. */
  async command(title: string): Promise<void> {
    await this.pick(title, { prefix: '>', key: 'F1' });
  }

  /** Clicks a suggestion of the quick pick. For the options, see `suggestion`. */
  async pick(text: string, options: PickOptions = {}): Promise<void> {
    await (await this.suggestion(text, options)).click();
  }

  /** Types into the quick pick and waits for a suggestion, which may appear late in a new window. */
  async suggestion(text: string, { prefix = '', shown = text, key }: PickOptions = {}): Promise<Locator> {
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: shown }).first();
    await this.until(`${shown} is offered`, async () => {
      await this.type(prefix, key);
      await this.type(prefix + text, key);
      await row.waitFor({ timeout: 3000 });
      return true;
    });
    return row;
  }

  /** Enters text in the input box and confirms it. `key` opens the box, as in `suggestion`. */
  async answer(text: string, key?: string): Promise<void> {
    await this.until(`${text} can be entered`, async () => {
      await this.type(text, key);
      return true;
    });
    await this.page.keyboard.press('Enter');
  }

  private async type(text: string, key: string | undefined): Promise<void> {
    const input = this.page.locator('.quick-input-widget:visible input[type=text]');
    if (key !== undefined && !(await input.isVisible())) await this.page.keyboard.press(key);
    await input.fill(text, { timeout: 3000 });
  }
}

interface PickOptions {
  /** Text that selects the kind of suggestions, such as `>` for commands. */
  prefix?: string;
  /** The text of the suggestion, if it differs from the text that is typed. */
  shown?: string;
  /**
   * The key that opens the quick pick. It is pressed again if VS Code has closed the quick pick, as it does when it
   * shows the line at which the machine has stopped.
   */
  key?: string;
}

/** The text of an element, with each run of whitespace replaced by one space. */
export async function plain(locator: Locator): Promise<string> {
  return (await locator.innerText()).replace(/\s+/g, ' ').trim();
}
