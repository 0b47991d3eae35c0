/** All cases in unwinding.test.ts pass; `npm test` runs only a selection of them. */
import './unwinding.test.ts';
