import { debugInfoIsDamaged } from '../errors/symbols.ts';
import { Damage } from './damage.ts';

/** What was wrong with a file's debug information, in sentences to be shown once. */
export class Complaints {
  readonly sentences: string[] = [];
  readonly #name: string;
  readonly #seen = new Set<string>();

  constructor(name: string) {
    this.#name = name;
  }

  /** One sentence a section: the second would say nothing new. */
  addDamage({ section, what }: Damage): void {
    if (this.#seen.has(section)) return;
    this.#seen.add(section);
    this.add(debugInfoIsDamaged(this.#name, section, what));
  }

  add(sentence: string): void {
    if (!this.sentences.includes(sentence)) this.sentences.push(sentence);
  }

  /** Damage in one piece of debug information must not take the rest away: it is noted, and `fallback` is the answer. */
  guard<T>(fallback: T, answer: () => T): T {
    try {
      return answer();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.addDamage(error);
      return fallback;
    }
  }
}
