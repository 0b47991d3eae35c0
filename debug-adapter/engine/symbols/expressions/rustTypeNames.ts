import { expressionExpected, expressionParts, typeIsUnknown } from '../../../messages/symbols.ts';
import type { BaseType, Type } from '../types/type.ts';
import { qualifiedNameAt } from './qualifiedNames.ts';
import type { TokenSource, TypeNames } from './typeNames.ts';

/** Parses the type after `as` in a Rust cast: `u64`, `*const u8`, `&mut Point`, `values::Color`. */
export function parseRustType(tokens: TokenSource, types: TypeNames): Type {
  let pointers = 0;
  while (/^[*&]$/.test(tokens.peek().text) && pointers < POINTERS_MAX) {
    pointers++;
    tokens.next();
    if (/^(mut|const)$/.test(tokens.peek().text)) tokens.next();
  }
  const found = qualifiedNameAt(
    (ahead) => tokens.peek(ahead),
    (name) => types.find(name) !== undefined,
  );
  if (!found) throw expressionExpected(expressionParts.type(), expressionParts.text(tokens.next().text));
  for (let i = 0; i < found.tokens; i++) tokens.next();
  let type = rustType(found.name, types);
  for (; pointers > 0; pointers--) {
    const target: Type = type;
    type = { kind: 'pointer', sizeBytes: 8, target: () => target };
  }
  return type;
}

/** The type with the given name; basic types need not be in the debug information. */
export function rustType(name: string, types: TypeNames): Type {
  const type = types.find(name) ?? RUST_BUILT_IN[name];
  if (!type) throw typeIsUnknown(name);
  return type;
}

/** Rust's basic types, for programs whose debug information does not contain them. */
const RUST_BUILT_IN: Record<string, BaseType | undefined> = Object.fromEntries(
  [
    ...[8, 16, 32, 64, 128].flatMap((bits) => [
      basic(`i${bits}`, bits / 8, 'signed'),
      basic(`u${bits}`, bits / 8, 'unsigned'),
    ]),
    ...[basic('isize', 8, 'signed'), basic('usize', 8, 'unsigned')],
    ...[basic('f32', 4, 'float'), basic('f64', 8, 'float')],
    ...[basic('bool', 1, 'boolean'), basic('char', 4, 'unsigned')],
  ].map((type) => [type.name, type]),
);

function basic(name: string, sizeBytes: number, encoding: BaseType['encoding']): BaseType {
  return { kind: 'base', name, sizeBytes, encoding, language: 'rust' };
}

const POINTERS_MAX = 50;
