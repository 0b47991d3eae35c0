/**
 * The meanings of the codes in mangled names (Itanium C++ ABI, section 5.1, "External Names"), as GNU c++filt spells
 * them.
 */

export const OPERATORS: Record<string, string | undefined> = {
  nw: ' new',
  na: ' new[]',
  dl: ' delete',
  da: ' delete[]',
  aw: ' co_await',
  ps: '+',
  ng: '-',
  ad: '&',
  de: '*',
  co: '~',
  pl: '+',
  mi: '-',
  ml: '*',
  dv: '/',
  rm: '%',
  an: '&',
  or: '|',
  eo: '^',
  aS: '=',
  pL: '+=',
  mI: '-=',
  mL: '*=',
  dV: '/=',
  rM: '%=',
  aN: '&=',
  oR: '|=',
  eO: '^=',
  ls: '<<',
  rs: '>>',
  lS: '<<=',
  rS: '>>=',
  eq: '==',
  ne: '!=',
  lt: '<',
  gt: '>',
  le: '<=',
  ge: '>=',
  ss: '<=>',
  nt: '!',
  aa: '&&',
  oo: '||',
  pp: '++',
  mm: '--',
  cm: ',',
  pm: '->*',
  pt: '->',
  cl: '()',
  ix: '[]',
  qu: '?',
};

export const BUILT_IN_TYPES: Record<string, string | undefined> = {
  v: 'void',
  w: 'wchar_t',
  b: 'bool',
  c: 'char',
  a: 'signed char',
  h: 'unsigned char',
  s: 'short',
  t: 'unsigned short',
  i: 'int',
  j: 'unsigned int',
  l: 'long',
  m: 'unsigned long',
  x: 'long long',
  y: 'unsigned long long',
  n: '__int128',
  o: 'unsigned __int128',
  f: 'float',
  d: 'double',
  e: 'long double',
  g: '__float128',
  z: '...',
};

/** The built-in types with two-letter codes, indexed by the letter that follows `D`. */
export const LONG_BUILT_IN_TYPES: Record<string, string | undefined> = {
  n: 'decltype(nullptr)',
  a: 'auto',
  c: 'decltype(auto)',
  i: 'char32_t',
  s: 'char16_t',
  u: 'char8_t',
  h: '_Float16',
  d: 'decimal64',
  e: 'decimal128',
  f: 'decimal32',
};

export const STANDARD_NAMES: Record<string, string | undefined> = {
  t: 'std',
  a: 'std::allocator',
  b: 'std::basic_string',
  s: 'std::string',
  i: 'std::istream',
  o: 'std::ostream',
  d: 'std::iostream',
};

export const FULL_STANDARD_NAMES: Record<string, string | undefined> = {
  'std::string': 'std::basic_string<char, std::char_traits<char>, std::allocator<char> >',
  'std::istream': 'std::basic_istream<char, std::char_traits<char> >',
  'std::ostream': 'std::basic_ostream<char, std::char_traits<char> >',
  'std::iostream': 'std::basic_iostream<char, std::char_traits<char> >',
};

/** The suffixes of integer literals; `undefined` for types whose values are written as casts. */
export const LITERAL_SUFFIXES: Record<string, string | undefined> = {
  int: '',
  'unsigned int': 'u',
  long: 'l',
  'unsigned long': 'ul',
  'long long': 'll',
  'unsigned long long': 'ull',
};

/** Compiler-generated entities that belong to a type or function, such as virtual tables (`<special-name>`). */
export const SPECIAL_NAMES: Record<string, string | undefined> = {
  TV: 'vtable for ',
  TT: 'VTT for ',
  TI: 'typeinfo for ',
  TS: 'typeinfo name for ',
};
