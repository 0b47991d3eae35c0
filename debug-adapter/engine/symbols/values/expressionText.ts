/** Parenthesizes an expression if it needs parentheses as the left operand of `.` or `[`. */
export function parenthesized(expression: string): string {
  return /^(?:[\w$.[\]]|::)+$/.test(expression) ? expression : `(${expression})`;
}
