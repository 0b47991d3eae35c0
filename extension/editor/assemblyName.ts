/** Whether a file contains assembly, judging by its name: `.S` and `.sx` (preprocessed), `.s` and `.asm`. */
export const isAssemblyFile = (path: string): boolean => /\.(s|sx|asm)$/i.test(path);
