import type { Sliced } from '../base/sliced.ts';
import { debugInfoIsDamaged, symbolIndexIsDamaged, symbolsHaveChanged } from '../../messages/symbols.ts';
import { MalformedData, WHOLE_FILE } from './damage.ts';

/** Diagnostics about a file's debug information, each shown to the user once. */
export class Diagnostics {
  readonly sentences: string[] = [];
  private readonly name: string;
  private readonly seen = new Set<string>();

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Adds a diagnostic. Only the first diagnostic for each section is kept, because further ones would not help the
   * user.
   */
  addDamage({ section, problem }: MalformedData): void {
    if (this.seen.has(section)) return;
    this.seen.add(section);
    if (section === WHOLE_FILE) this.add(symbolsHaveChanged(this.name));
    else if (INDEX_SECTIONS.has(section)) this.add(symbolIndexIsDamaged(this.name, section, problem));
    else this.add(debugInfoIsDamaged(this.name, section, problem));
  }

  add(sentence: string): void {
    if (!this.sentences.includes(sentence)) this.sentences.push(sentence);
  }

  /**
   * Returns `answer()`. If the data that `answer` reads is damaged, records a diagnostic and returns `fallback`, so
   * that the rest of the debug information remains usable.
   */
  guard<T>(fallback: T, answer: () => T): T {
    try {
      return answer();
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.addDamage(error);
      return fallback;
    }
  }

  /** Like `guard`, but for a computation that pauses. */
  *guardSliced<T>(fallback: T, answer: Sliced<T>): Sliced<T> {
    try {
      return yield* answer;
    } catch (error) {
      if (!(error instanceof MalformedData)) throw error;
      this.addDamage(error);
      return fallback;
    }
  }
}

/** Sections that only speed up lookups. */
const INDEX_SECTIONS = new Set(['.debug_names', '.gdb_index', '.debug_gnu_pubnames']);
