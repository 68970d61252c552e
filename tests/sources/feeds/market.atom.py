expected = [
    {
        "guid": "tag:market.example,2026:1",
        "url": "https://feeds.example/books",
        "title": "سوق الكتب القديمة",
        "published": "2026-11-22T07:00:00+00:00",
        "updated": "2026-11-23T10:00:00+00:00",
        "authors": ("سلمى الورّاق",),
        "sections": ("ثقافة",),
        "tags": ("ثقافة",),
        "language": "ar",
        "body": "<p>عاد سوق الكتب إلى الحياة.</p>",
    }
]
