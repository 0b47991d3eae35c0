/**
 * The keywords that can appear where a variable can. `this` and `self` are missing, because they have values. Keywords
 * of C++ and Rust that can be names in C programs, such as `new`, `in` and `match`, are also missing: evaluating them
 * does no harm.
 */
const KEYWORDS = [
  /^(alignas|alignof|asm|auto|bool|break|case|char|const|constexpr|continue|crate|decltype|default|do|double|dyn)$/,
  /^(else|enum|explicit|extern|false|float|fn|for|goto|if|impl|inline|int|let|long|mut|namespace|noexcept|nullptr)$/,
  /^(pub|restrict|return|short|signed|sizeof|static|static_assert|struct|super|switch|template|trait|true|try)$/,
  /^(typedef|typename|union|unsafe|unsigned|using|virtual|void|volatile|while)$/,
];

export const isKeyword = (name: string): boolean => KEYWORDS.some((some) => some.test(name));
