/** What must hold for the demo to be true; printed together, and any that fails is the demo's exit status. */
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
