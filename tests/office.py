"""Documents as Word and others write them, put together from their XML."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def docx(body: str, *, kind: str = "document.main+xml", **parts: str) -> bytes:
    """A Word document; ``parts`` are the contents of styles, numbering, footnotes, comments, header1 …"""
    related = "".join(
        f'<Relationship Id="r{place}" Type="{_RELATIONS}/{name.rstrip("0123456789")}" Target="{name}.xml"/>'
        for place, name in enumerate(parts)
    )
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Override PartName="/word/document.xml" '
        f'ContentType="{_TYPE}.{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
        f'Type="{_RELATIONS}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
        "word/document.xml": word("document", f"<w:body>{body}</w:body>"),
    }
    roots = {"header1": "hdr", "footer1": "ftr"}
    return zipped(files | {f"word/{name}.xml": word(roots.get(name, name), content) for name, content in parts.items()})


def word(root: str, content: str) -> str:
    spaces = (
        f'xmlns:w="{WORD}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    )
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:{root} {spaces}>{content}</w:{root}>'


def paragraph(text: str, properties: str = "", run: str = "") -> str:
    letters = f"<w:rPr>{run}</w:rPr>" if run else ""
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r>{letters}<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def styled(style: str, text: str, properties: str = "") -> str:
    return paragraph(text, f'<w:pStyle w:val="{style}"/>{properties}')


def listed(text: str, depth: int = 0, list_: int = 1) -> str:
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{list_}"/></w:numPr>')


def style(id_: str, name: str, properties: str = "", based_on: str = "", run: str = "") -> str:
    above = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{id_}"><w:name w:val="{name}"/>{above}'
        f"<w:pPr>{properties}</w:pPr><w:rPr>{run}</w:rPr></w:style>"
    )


def abstract_list(id_: int, *levels: tuple[str, str], styles: tuple[str, ...] = ()) -> str:
    """A list by the form and the text of each of its levels, and the style that each is linked to."""
    shown = "".join(
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>'
        + (f'<w:pStyle w:val="{styles[depth]}"/>' if depth < len(styles) else "")
        + f'<w:lvlText w:val="{text}"/></w:lvl>'
        for depth, (form, text) in enumerate(levels)
    )
    return f'<w:abstractNum w:abstractNumId="{id_}">{shown}</w:abstractNum>'


def list_of(id_: int, abstract: int, override: str = "") -> str:
    return f'<w:num w:numId="{id_}"><w:abstractNumId w:val="{abstract}"/>{override}</w:num>'


def table(*rows: tuple[str, ...], header: bool = False) -> str:
    shown = ""
    for place, row in enumerate(rows):
        cells = "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row)
        shown += f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if header and not place else ''}{cells}</w:tr>"
    return f"<w:tbl>{shown}</w:tbl>"


def odt(body: str, styles: str = "", automatic: str = "") -> bytes:
    names = {"office": "office", "text": "text", "table": "table", "style": "style", "fo": "xsl-fo-compatible"}
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"' for name, path in names.items()
    )
    return zipped({
        "mimetype": "application/vnd.oasis.opendocument.text",
        "styles.xml": f"<office:document-styles {spaces}><office:styles>{styles}</office:styles></office:document-styles>",
        "content.xml": f"<office:document-content {spaces}><office:automatic-styles>{automatic}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
    })  # fmt: skip


def epub(
    pages: Mapping[str, str], contents: str = "", version: str = "3.0", extra: Mapping[str, str] | None = None
) -> bytes:
    """A book by its pages, in their order; ``contents`` is its navigation: XHTML, or NCX in version 2."""
    kind = (
        'media-type="application/xhtml+xml" properties="nav"'
        if version > "3"
        else 'media-type="application/x-dtbncx+xml"'
    )
    items = "".join(
        f'<item id="i{place}" href="{name}" media-type="application/xhtml+xml"/>' for place, name in enumerate(pages)
    )
    order = "".join(f'<itemref idref="i{place}"/>' for place in range(len(pages)))
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf" version="{version}"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A Book of Rivers</dc:title></metadata>'
        f'<manifest>{items}<item id="nav" href="nav.xml" {kind}/></manifest><spine>{order}</spine></package>'
    )
    return zipped({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OPS/package.opf"/></rootfiles></container>',
        "OPS/package.opf": package,
        "OPS/nav.xml": contents or "<html/>",
        **{f"OPS/{name}": page for name, page in pages.items()},
        **(extra or {}),
    })  # fmt: skip


def page(body: str) -> str:
    return (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head>'
        f"<body>{body}</body></html>"
    )


def locked(archive: bytes) -> bytes:
    """A zip archive whose entries say that they are encrypted."""
    data = bytearray(archive)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(mark, place + 4)
    return bytes(data)
