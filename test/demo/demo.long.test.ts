/** All cases in demo.test.ts pass; `npm test` runs only a selection of them. */
import './demo.test.ts';
