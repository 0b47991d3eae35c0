/** The conditions of the demo; they are printed together, and if any fails, so does the demo. */
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
