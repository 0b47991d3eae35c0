/** The language of source code, which determines how its types and values are shown. */
export type Language = 'c' | 'c++' | 'rust' | 'assembly' | 'other';
