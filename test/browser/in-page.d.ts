export function seek(to: readonly ['audio' | 'video', number]): Promise<number>
export function hasInk(): boolean
export function recordVideo(): Promise<string>
export function layoutShift(): Promise<number>
