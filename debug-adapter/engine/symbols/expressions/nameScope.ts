import { qualify } from '../dwarf/outline.ts';
import { splitName, withoutAnonymous, withShortTypes } from '../types/scopedName.ts';

/** The scope of a function, such as `geo::Point` or the global scope, from which names are looked up. */
export class NameScope {
  /** The scope and the scopes that contain it, innermost first. */
  private readonly scopes: string[] = [];

  constructor(scope: string) {
    for (let each = scope; each !== ''; each = splitName(each).scope) this.scopes.push(withoutAnonymous(each));
    this.scopes.push('');
  }

  /**
   * Selects what a name refers to: the candidate in the innermost scope. If none is in scope, any candidate whose name
   * ends with the given name is selected, so that users need not type all scopes. `::name` is in the global scope.
   * Rust's `crate::`, `self::` and `super::` at the start of the name are ignored.
   */
  best<T>(name: string, candidates: readonly T[], nameOf: (candidate: T) => string): T | undefined {
    const wanted = plainName(name);
    const named = candidates.map((candidate) => ({ candidate, name: withoutAnonymous(nameOf(candidate)) }));
    if (wanted.startsWith('::')) return named.find((each) => `::${each.name}` === wanted)?.candidate;
    for (const scope of this.scopes) {
      const exact = named.find((each) => each.name === qualify(scope, wanted));
      if (exact) return exact.candidate;
    }
    return named.find((each) => each.name.endsWith(`::${wanted}`))?.candidate;
  }

  /** The candidates from which `best` may select one. */
  candidates<T>(name: string, all: readonly T[], nameOf: (candidate: T) => string): T[] {
    const end = plainName(name).replace(/^(?!::)/, '::');
    return all.filter((each) => `::${withoutAnonymous(nameOf(each))}`.endsWith(end));
  }
}

const plainName = (name: string): string =>
  withShortTypes(withoutAnonymous(name)).replace(/^((crate|self|super)::)+/, '');
