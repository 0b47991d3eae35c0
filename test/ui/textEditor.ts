import { plain, type Screen } from './screen.ts';

/** The active text editor, with its breakpoints, values and hovers. */
export class TextEditor {
  private readonly screen: Screen;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  async open(name: string): Promise<void> {
    await this.screen.pick(name, { key: 'Control+P' });
    await this.screen.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`);
    await this.screen.page.waitForSelector('.editor-instance .view-line');
  }

  /** The number of the line with the yellow arrow. */
  async highlightedLine(): Promise<number | undefined> {
    return this.screen.page.evaluate(() => {
      const highlight = document.querySelector('.editor-instance .debug-top-stack-frame-line');
      const top = highlight?.getBoundingClientRect().top;
      if (top === undefined) return undefined;
      const numbers = [...document.querySelectorAll('.editor-instance .line-numbers')];
      const beside = numbers.find((number) => Math.abs(number.getBoundingClientRect().top - top) < 2);
      return beside ? Number(beside.textContent) : undefined;
    });
  }

  /** The text of the active editor's visible lines, with the values that VS Code shows at the ends of the lines. */
  async linesWithValues(): Promise<string> {
    // A value is the content of a pseudo-element, so it is not part of the page's text.
    return this.screen.page.evaluate(() => {
      const spans = [...document.querySelectorAll('.editor-instance .view-line span')];
      const texts = spans.flatMap((span) => [getComputedStyle(span, '::after').content, span.textContent]);
      return texts.join(' ').replaceAll('\u00a0', ' ');
    });
  }

  /** Moves the mouse over a word in the active editor (its last occurrence on the screen); returns the hover's text. */
  async hover(word: string): Promise<string> {
    const words = this.screen.page.locator('.editor-instance .view-line span:not(:has(span))', { hasText: word });
    const hover = this.screen.page.locator('.debug-hover-widget');
    await this.screen.until(`there is a hover for ${word}`, async () => {
      await words.last().hover({ timeout: 1000 });
      await hover.waitFor({ timeout: 3000 });
      return true;
    });
    return plain(hover);
  }

  /** The text that decorations show at the ends of the editor's lines. */
  async lineEndText(): Promise<string> {
    return this.screen.page.evaluate(() =>
      [...document.querySelectorAll('.editor-instance .view-line span')]
        .map((span) => getComputedStyle(span, '::after').content)
        .filter((content) => content !== 'none' && content !== 'normal')
        .join('\n'),
    );
  }

  async focus(): Promise<void> {
    await this.screen.page.keyboard.press('Control+1');
    await this.screen.page.locator('.editor-instance .monaco-editor.focused').waitFor();
  }

  /** Sets or removes a breakpoint on a line of the active editor. */
  async toggleBreakpoint(line: number): Promise<void> {
    const breakpoints = this.screen.page.locator('.editor-instance .codicon-debug-breakpoint');
    const before = await breakpoints.count();
    await this.screen.answer(`:${line}`, 'Control+G');
    await this.screen.page.keyboard.press('F9');
    await this.screen.until('the breakpoint changes', async () => (await breakpoints.count()) !== before);
  }

  /** Sets a breakpoint with a condition on a line of the active editor. */
  async conditionalBreakpoint(line: number, condition: string): Promise<void> {
    await this.screen.answer(`:${line}`, 'Control+G');
    await this.screen.command('Debug: Add Conditional Breakpoint...');
    await this.screen.page.locator('.breakpoint-widget .monaco-editor.focused').waitFor();
    await this.screen.page.keyboard.type(condition);
    await this.screen.page.keyboard.press('Enter');
    await this.screen.page.locator('.editor-instance .codicon-debug-breakpoint-conditional').waitFor();
  }

  /**
   * Replaces a word in the active editor and saves the file. `nth` selects one of several occurrences, counted from 0
   * at the top.
   */
  async replaceWord(word: string, by: string, nth = 0): Promise<void> {
    const words = this.screen.page.locator('.editor-instance .view-line span', { hasText: new RegExp(`^${word}$`) });
    await words.nth(nth).dblclick();
    await this.screen.page.keyboard.type(by);
    await this.screen.page.keyboard.press('Escape'); // closes the suggestion list
    await this.screen.page.keyboard.press('Control+S');
    await this.screen.page.locator('.tab.active:not(.dirty)').waitFor();
  }
}
