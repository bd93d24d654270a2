/** The examples of a page that name a file: `js file=NAME` behind the fence. */
export const examplesIn = (page: string): readonly (readonly [name: string, code: string])[] =>
  [...page.matchAll(/^```js file=(\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', code = '']) => [name, code] as const)
