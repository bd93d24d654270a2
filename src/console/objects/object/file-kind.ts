/** How the console shows an object: by its content type, or by its name if the type is unspecific. */
export type FileKind = 'image' | 'video' | 'audio' | 'pdf' | 'json' | 'table' | 'code' | 'text' | 'archive' | 'other'

/** Types that may be shown inline. None of them runs scripts: SVG is shown as an image. */
const inlineTypes: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  webm: 'video/webm',
  ogv: 'video/ogg',
  mov: 'video/quicktime',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  oga: 'audio/ogg',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  flac: 'audio/flac',
  wav: 'audio/wav',
  weba: 'audio/webm',
  pdf: 'application/pdf',
}

const code =
  /^(js|mjs|cjs|ts|tsx|jsx|py|rb|go|rs|java|kt|c|h|cc|cpp|hpp|cs|php|swift|sh|bash|zsh|ps1|sql|html?|xhtml|xml|css|scss|less|ya?ml|toml|ini|conf|tf|lua|pl|r|dockerfile|makefile|diff|patch|graphql|proto|vue|svelte)$/
const text = /^(txt|md|markdown|log|rst|env|gitignore|srt|vtt|csv|tsv)$/
const archive = /^(zip|gz|tgz|bz2|xz|zst|7z|rar|tar|jar|war|iso|dmg|deb|rpm)$/
const meaningless = /^(application|binary)\/octet-stream$/

export interface FileType {
  readonly kind: FileKind
  /** The type for showing it inline; undefined if it may not be. */
  readonly inlineType: string | undefined
  /** The language for highlighting; '' if unknown. */
  readonly language: string
}

export function fileTypeOf(key: string, contentType = ''): FileType {
  const extension = extensionOf(key)
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  const isNamed = type !== '' && !meaningless.test(type)
  const inlineType = isNamed ? Object.values(inlineTypes).find((one) => one === alias(type)) : inlineTypes[extension]
  if (inlineType !== undefined) return { kind: kindOf(inlineType), inlineType, language: '' }
  const language = extension
  if (/^application\/(.+\+)?json$/.test(type) || /^(json|geojson|webmanifest|map|ipynb)$/.test(extension)) {
    return { kind: 'json', inlineType, language: 'json' }
  }
  if (type === 'text/csv' || /^(csv|tsv)$/.test(extension)) return { kind: 'table', inlineType, language }
  if (code.test(extension)) return { kind: 'code', inlineType, language }
  if (text.test(extension) || /^text\/|^application\/(xml|javascript|x-sh|yaml|sql|x-ndjson)/.test(type)) {
    return { kind: 'text', inlineType, language }
  }
  if (archive.test(extension)) return { kind: 'archive', inlineType, language: '' }
  return { kind: 'other', inlineType, language: '' }
}

function alias(type: string): string {
  return { 'image/jpg': 'image/jpeg', 'audio/mp3': 'audio/mpeg', 'audio/x-wav': 'audio/wav' }[type] ?? type
}

function kindOf(inlineType: string): FileKind {
  if (inlineType === 'application/pdf') return 'pdf'
  return inlineType.split('/')[0] as 'image' | 'video' | 'audio'
}

function extensionOf(key: string): string {
  const name = key.split('/').at(-1)?.toLowerCase() ?? ''
  const at = name.lastIndexOf('.')
  return at === -1 ? name : name.slice(at + 1)
}

export function iconOf(kind: FileKind): string {
  return icons[kind]
}

const icons: Readonly<Record<FileKind, string>> = {
  image: 'file-image',
  video: 'file-video',
  audio: 'file-audio',
  pdf: 'file-text',
  json: 'file-code',
  table: 'file-spreadsheet',
  code: 'file-code',
  text: 'file-text',
  archive: 'file-archive',
  other: 'file',
}
