/**
 * The results that the demo checks. They are printed together at the end, and the demo fails if any result is not as
 * expected.
 */
export class Checks {
  private list: { what: string; holds: boolean }[] = [];

  expect(what: string, holds: boolean): void {
    this.list.push({ what, holds });
  }

  get allHold(): boolean {
    return this.list.every(({ holds }) => holds);
  }

  print(): void {
    for (const { what, holds } of this.list) console.log(`${holds ? 'yes' : 'NO '}  ${what}`);
  }
}
