import type { Token } from './lexer.ts';

/**
 * Reads the C++ name, with scopes and template arguments, at the beginning of a list of tokens:
 * `ns::Pair<int, long>::limit`, `(anonymous namespace)::count`. `isTemplate` receives a name with the arguments after
 * it, and returns whether they are template arguments. Undefined if the tokens do not begin with a name.
 */
export function qualifiedNameAt(
  peek: (ahead: number) => Token,
  isTemplate: (name: string) => boolean,
): { name: string; tokens: number } | undefined {
  const isGlobal = peek(0).text === '::' && peek(0).kind === 'operator';
  let at = isGlobal ? 1 : 0;
  let name = isGlobal ? '::' : '';
  for (;;) {
    const part = namePart(peek, at);
    if (!part) return undefined;
    name += part.text;
    at += part.tokens;
    const template = peek(at).text === '<' ? templateArguments(peek, at) : undefined;
    const spelling = template?.spellings.find((each) => isTemplate(name + each));
    if (template && (spelling ?? peek(at + template.tokens).text === '::')) {
      name += spelling ?? template.spellings[0];
      at += template.tokens;
    }
    if (peek(at).text !== '::' || !namePart(peek, at + 1)) return { name, tokens: at };
    name += '::';
    at++;
  }
}

const ANONYMOUS = '(anonymous namespace)';

function namePart(peek: (ahead: number) => Token, at: number): { text: string; tokens: number } | undefined {
  if (peek(at).kind === 'name') return { text: peek(at).text, tokens: 1 };
  const texts = [0, 1, 2, 3, 4].map((i) => peek(at + i).text).join(' ');
  return texts === '( anonymous namespace ) ::' ? { text: ANONYMOUS, tokens: 4 } : undefined;
}

/** The template arguments at a `<`, as compilers spell them: gcc writes `int*`, clang `int *`. */
function templateArguments(
  peek: (ahead: number) => Token,
  at: number,
): { spellings: string[]; tokens: number } | undefined {
  let depth = 0;
  let text = '';
  for (let i = 0; i < TOKENS_MAX; i++) {
    const { kind, text: token } = peek(at + i);
    if (kind === 'end') return undefined;
    const isWord = (each: string | undefined) => each !== undefined && /\w/.test(each);
    if (token === ',') text += ', ';
    else text += isWord(text.at(-1)) && isWord(token[0]) ? ` ${token}` : token;
    depth += token === '<' ? 1 : token === '>' ? -1 : token === '>>' ? -2 : 0;
    if (depth === 0) return { spellings: spellings(text), tokens: i + 1 };
    if (depth < 0) return undefined;
  }
  return undefined;
}

function spellings(text: string): string[] {
  const gcc = text.replace(
    /\b(unsigned )?(long long|long|short)\b(?! int)/g,
    (_, unsigned: string | undefined, type: string) => `${type} ${unsigned ?? ''}int`,
  );
  return [text, gcc, text.replace(/(\w)([*&])/g, '$1 $2'), text.replaceAll('>>', '> >')];
}

const TOKENS_MAX = 60;
