import type { Screen } from './screen.ts';

/** The visible terminal. */
export class Terminal {
  private readonly screen: Screen;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  /** The text of the visible terminal, as provided to screen readers. */
  async text(): Promise<string> {
    return this.screen.page.locator('.terminal-wrapper.active .xterm-rows').innerText();
  }

  /** The dimmed text of the visible terminal. */
  async dimmedText(): Promise<string> {
    return (await this.screen.page.locator('.terminal-wrapper.active .xterm-rows .xterm-dim').allInnerTexts()).join('');
  }

  /**
   * Follows the link of a terminal line with exactly this text. The terminal looks for links when the mouse moves to
   * another line, and a click before it has found the link has no effect.
   */
  async clickLine(text: string, isDone: () => Promise<boolean>): Promise<void> {
    const rows = this.screen.page.locator('.terminal-wrapper.active .xterm-rows > div');
    const row = rows.filter({ hasText: new RegExp(`^${text}\\s*$`) }).first();
    await this.screen.page.keyboard.down('Control');
    await this.screen.until(`the link of ${text} is followed`, async () => {
      const { x, y } = (await row.boundingBox())!;
      await this.screen.page.mouse.move(x + 4, y - 40, { steps: 3 });
      await this.screen.page.mouse.move(x + 12, y + 8, { steps: 3 });
      await this.screen.page.waitForTimeout(500);
      await this.screen.page.mouse.click(x + 12, y + 8);
      await this.screen.page.waitForTimeout(500);
      return isDone();
    });
    await this.screen.page.keyboard.up('Control');
  }

  /** Types text key by key; the guest reads each key when it is ready. */
  async type(text: string): Promise<void> {
    await this.screen.page.locator('.terminal-wrapper.active .xterm-screen').click();
    await this.screen.page.keyboard.type(text);
  }
}
