/**
 * Demangles a name in Rust's legacy mangling: an Itanium nested name whose last component is a hash (`17h` and 16
 * hexadecimal digits). As in c++filt, the hash is omitted. Returns undefined if the name is not a Rust name.
 */
export function demangleRustLegacy(mangled: string): string | undefined {
  const path = /^_ZN((?:\d+[^\d].*)?)17h([0-9a-f]{16})E(\..*)?$/.exec(mangled)?.[1];
  if (!path) return undefined;
  const components: string[] = [];
  for (let at = 0; at < path.length;) {
    const digits = /^\d+/.exec(path.slice(at, at + 6))?.[0];
    if (!digits) return undefined;
    at += digits.length;
    const component = path.slice(at, at + Number(digits));
    if (component.length !== Number(digits)) return undefined;
    components.push(unescaped(component));
    at += component.length;
  }
  return components.join('::');
}

/** `_$LT$rust_basic..Point$u20$as$u20$Area$GT$` is `<rust_basic::Point as Area>`. */
function unescaped(component: string): string {
  const text = component.startsWith('_$') ? component.slice(1) : component;
  return text
    .replace(/\$(\w+)\$/g, (all, code: string) => ESCAPES[code] ?? unicode(code) ?? all)
    .replaceAll('..', '::');
}

function unicode(code: string): string | undefined {
  const value = /^u[0-9a-f]{1,6}$/.test(code) ? parseInt(code.slice(1), 16) : 0;
  return value >= 0x20 && value !== 0x7f && value <= 0x10ffff ? String.fromCodePoint(value) : undefined;
}

const ESCAPES: Record<string, string | undefined> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};
