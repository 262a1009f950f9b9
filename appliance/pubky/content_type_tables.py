"""File-name extensions and their media types: a fixed table, never the host's `mime.types`.

One line a type: the type, then its extensions. Shared by all installations so that the same upload
gets the same type everywhere (client API 10, whose rows are exact).
"""

_ROWS = """
application/atom+xml atom
application/dash+xml mpd
application/dicom dcm
application/ecmascript ecma
application/epub+zip epub
application/font-sfnt otf
application/font-woff woff
application/geo+json geojson
application/gpx+xml gpx
application/gzip gz gzip
application/hjson hjson
application/inkml+xml ink inkml
application/java-archive jar war ear
application/java-serialized-object ser
application/java-vm class
application/javascript mjs
application/json json
application/json5 json5
application/ld+json jsonld
application/manifest+json webmanifest
application/mathematica ma mb nb
application/mathml+xml mathml
application/mbox mbox
application/metalink+xml metalink
application/metalink4+xml meta4
application/mp21 m21 mp21
application/msaccess accdb mdb
application/msword doc dot wiz
application/n-quads nq
application/n-triples nt
application/octet-stream bin dat exe dll deploy dist distz dump elc lha lzh lrf mar pkg bpk so img a
application/oebps-package+xml opf
application/ogg ogx
application/onenote onetoc onetoc2 onetmp onepkg one
application/oxps oxps
application/pdf pdf
application/pgp-encrypted pgp gpg
application/pgp-keys asc
application/pgp-signature sig
application/pkcs10 p10
application/pkcs7-mime p7c p7m
application/pkcs7-signature p7s
application/pkcs8 p8
application/pkix-cert cer
application/pkix-crl crl
application/pkix-pkipath pkipath
application/postscript ai eps ps
application/rdf+xml rdf owl
application/rss+xml rss
application/rtf rtf
application/sbml+xml sbml
application/smil+xml smi smil
application/sparql-query rq
application/sparql-results+xml srx
application/tei+xml tei teicorpus
application/trig trig
application/ttml+xml ttml dfxp
application/vnd.android.package-archive apk
application/vnd.apple.installer+xml mpkg
application/vnd.apple.keynote keynote
application/vnd.apple.numbers numbers
application/vnd.apple.pages pages
application/vnd.comicbook+zip cbz
application/vnd.comicbook-rar cbr
application/vnd.debian.binary-package deb
application/vnd.google-earth.kml+xml kml
application/vnd.google-earth.kmz kmz
application/vnd.mapbox-vector-tile mvt
application/vnd.mozilla.xul+xml xul
application/vnd.ms-cab-compressed cab
application/vnd.ms-excel xls xla xlb xlc xlk xll xlm xlt xlv xlw
application/vnd.ms-excel.addin.macroenabled.12 xlam
application/vnd.ms-excel.sheet.binary.macroenabled.12 xlsb
application/vnd.ms-excel.sheet.macroenabled.12 xlsm
application/vnd.ms-excel.template.macroenabled.12 xltm
application/vnd.ms-fontobject eot
application/vnd.ms-htmlhelp chm
application/vnd.ms-outlook msg
application/vnd.ms-powerpoint ppt pot pps ppa pwz
application/vnd.ms-powerpoint.presentation.macroenabled.12 pptm
application/vnd.ms-powerpoint.slideshow.macroenabled.12 ppsm
application/vnd.ms-project mpp mpt
application/vnd.ms-word.document.macroenabled.12 docm
application/vnd.ms-word.template.macroenabled.12 dotm
application/vnd.ms-works wcm wdb wks wps
application/vnd.ms-wpl wpl
application/vnd.ms-xpsdocument xps
application/vnd.oasis.opendocument.chart odc
application/vnd.oasis.opendocument.database odb
application/vnd.oasis.opendocument.formula odf
application/vnd.oasis.opendocument.graphics odg
application/vnd.oasis.opendocument.graphics-template otg
application/vnd.oasis.opendocument.image odi
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.presentation-template otp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.spreadsheet-template ots
application/vnd.oasis.opendocument.text odt
application/vnd.oasis.opendocument.text-master odm
application/vnd.oasis.opendocument.text-template ott
application/vnd.oasis.opendocument.text-web oth
application/vnd.openofficeorg.extension oxt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.presentationml.slideshow ppsx
application/vnd.openxmlformats-officedocument.presentationml.template potx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.spreadsheetml.template xltx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template dotx
application/vnd.rn-realmedia rm
application/vnd.sun.xml.calc sxc
application/vnd.sun.xml.impress sxi
application/vnd.sun.xml.writer sxw
application/vnd.tcpdump.pcap pcap cap dmp
application/vnd.visio vsd vss vst vsw
application/vnd.wordperfect wpd
application/wasm wasm
application/x-7z-compressed 7z
application/x-abiword abw
application/x-apple-diskimage dmg
application/x-bittorrent torrent
application/x-bzip2 bz2 boz tbz2
application/x-chrome-extension crx
application/x-cpio cpio
application/x-csh csh
application/x-dvi dvi
application/x-font-type1 pfa pfb pfm afm
application/x-gnumeric gnumeric
application/x-hdf hdf
application/x-httpd-php php php3 php4 phtml
application/x-iso9660-image iso
application/x-java-jnlp-file jnlp
application/x-latex latex
application/x-mobipocket-ebook mobi prc
application/x-ms-application application
application/x-ms-shortcut lnk
application/x-msdownload com bat
application/x-mspublisher pub
application/x-mswrite wri
application/x-netcdf cdf nc
application/x-ns-proxy-autoconfig pac
application/x-perl pl pm
application/x-pkcs12 p12 pfx
application/x-pkcs7-certificates p7b spc
application/x-rar-compressed rar
application/x-redhat-package-manager rpm
application/x-sh sh
application/x-shockwave-flash swf
application/x-sql sql
application/x-stuffit sit
application/x-stuffitx sitx
application/x-subrip srt
application/x-tar tar
application/x-tcl tcl tk
application/x-tex tex
application/x-texinfo texi texinfo
application/x-tgif obj
application/x-web-app-manifest+json webapp
application/x-x509-ca-cert crt der pem
application/x-xliff+xml xlf
application/x-xpinstall xpi
application/x-xz xz
application/xhtml+xml xhtml xht
application/xml-dtd dtd
application/xslt+xml xslt
application/xspf+xml xspf
application/zip zip
audio/aac aac adts adt
audio/ac3 ac3
audio/aiff aif aifc aiff
audio/amr amr
audio/basic au snd
audio/flac flac
audio/m4a m4a
audio/m4b m4b
audio/mid mid midi rmi
audio/mpeg mp3 mp2 mp2a mpga m2a m3a
audio/ogg ogg oga opus spx
audio/scpls pls
audio/wav wav wave
audio/webm weba
audio/x-caf caf
audio/x-mpegurl m3u m3u8
audio/x-ms-wma wma
audio/x-pn-realaudio ra ram
chemical/x-cif cif
chemical/x-cml cml
chemical/x-xyz xyz
font/collection ttc
font/ttf ttf
font/woff2 woff2
image/aces exr
image/apng apng
image/avif avif
image/avif-sequence avifs
image/bmp bmp dib
image/fits fits fit fts
image/gif gif
image/heic heic
image/heic-sequence heics
image/heif heif
image/heif-sequence heifs
image/jls jls
image/jp2 jp2 jpg2
image/jpeg jpg jpeg jpe jfif
image/jpx jpx jpf
image/jxl jxl
image/ktx ktx
image/ktx2 ktx2
image/png png pnz
image/svg+xml svg svgz
image/tiff tif tiff
image/vnd.adobe.photoshop psd
image/vnd.djvu djv djvu
image/vnd.dwg dwg
image/vnd.dxf dxf
image/vnd.ms-dds dds
image/vnd.ms-photo wdp hdp
image/vnd.zbrush.pcx pcx
image/webp webp
image/x-canon-cr2 cr2
image/x-canon-crw crw
image/x-emf emf
image/x-epson-erf erf
image/x-fuji-raf raf
image/x-icon ico
image/x-kodak-dcr k25
image/x-minolta-mrw mrw
image/x-nikon-nef nef
image/x-olympus-orf orf
image/x-panasonic-rw2 rw2 raw
image/x-pentax-pef pef
image/x-portable-anymap pnm
image/x-portable-bitmap pbm
image/x-portable-graymap pgm
image/x-portable-pixmap ppm
image/x-sony-arw arw
image/x-tga tga
image/x-wmf wmf
image/x-xbitmap xbm
image/x-xcf xcf
image/x-xpixmap xpm
message/rfc822 eml mht mhtml mime nws
model/3mf 3mf
model/gltf+json gltf
model/gltf-binary glb
model/iges iges igs
model/stl stl
model/vnd.collada+xml dae
model/vrml wrl vrml
model/x3d+xml x3d
text/cache-manifest appcache manifest
text/calendar ics ifb icz
text/coffeescript coffee litcoffee
text/css css
text/csv csv
text/html html htm shtml hxt
text/jade jade
text/javascript js jsx
text/less less
text/markdown md markdown mkd
text/mathml mml
text/n3 n3
text/plain txt log conf ini map py asm c cc cpp cxx def h hh hpp in java list text bas cs rst
text/richtext rtx
text/sgml sgml sgm
text/stylus stylus styl
text/tab-separated-values tsv
text/troff man me ms roff t tr
text/turtle ttl
text/uri-list uri uris urls
text/vbscript vbs
text/vcard vcard
text/vnd.graphviz gv
text/vtt vtt
text/x-fortran f f77 f90 for
text/x-handlebars-template hbs
text/x-lua lua
text/x-nfo nfo
text/x-opml opml
text/x-org org
text/x-rust rs
text/x-sass sass
text/x-scss scss
text/x-toml toml
text/x-uuencode uu
text/x-vcalendar vcs
text/x-vcard vcf
text/x-yaml yaml yml
text/xml xml disco rels sln vml vssettings wsil xsd xsf xsl
video/3gpp 3gp 3gpp
video/3gpp2 3g2 3gp2
video/h264 h264
video/mj2 mj2 mjp2
video/mp4 mp4 mp4v mpg4
video/mpeg mpeg mpg mpe mpa m1v m2v mpv2 mod
video/ogg ogv
video/quicktime mov qt mqv
video/vnd.dlna.mpeg-tts ts m2t m2ts mts tts
video/webm webm
video/x-dv dif dv
video/x-f4v f4v
video/x-fli fli
video/x-flv flv
video/x-m4v m4v
video/x-matroska mkv
video/x-matroska-3d mk3d
video/x-mng mng
video/x-ms-asf asf asr asx nsc
video/x-ms-vob vob
video/x-ms-wmv wmv
video/x-msvideo avi
"""

TYPE_OF_EXTENSION: dict[str, str] = {
    extension: row.split()[0] for row in _ROWS.strip().splitlines() for extension in row.split()[1:]
}
"""Lower-case extension without its dot, to media type."""
