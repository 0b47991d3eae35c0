/**
 * The keywords of C, C++ and Rust that can stand where a variable can. `this` and `self` are missing, because they have
 * values; keywords of one language that are plausible names in another (`new`, `type`, `in`, `match`) are included.
 */
const KEYWORDS = new Set(
  (
    'alignas alignof and asm async auto await bool break case catch char class const constexpr continue crate ' +
    'decltype default delete do double dyn else enum explicit extern false float fn for friend goto if impl in inline ' +
    'int let long loop match mod mut namespace new noexcept not nullptr operator or private protected pub public ref ' +
    'register restrict return short signed sizeof static static_assert struct super switch template throw trait true ' +
    'try typedef typename union unsafe unsigned use using virtual void volatile where while'
  ).split(' '),
);

export const isKeyword = (name: string): boolean => KEYWORDS.has(name);
