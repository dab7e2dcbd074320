/// What the made-up applicants are called: common names of many languages in ASCII, in an order of our own, surnames
/// and domains put together from syllables. Nothing is taken from any data set.
enum ApplicationWords {
    static let firstNames = words(
        """
        Elena Marcus Sofia Tobias Amina Victor Hannah Rafael Ingrid Oscar Nadia Felix Clara Hugo Priya Simon \
        Leila Martin Beatrice Omar Julia Stefan Alice Ivan Teresa Noah Yasmin Peter Lucia Henrik Grace Antonio \
        Mei Daniel Fatima Leo Astrid Samuel Rosa Karim Eva Lukas Helen Diego Anika George Maya Erik Irene Pablo \
        Nora Adam Camille Ravi Greta Thomas Layla Bruno Edith Javier Kirsten Arthur Salma Conrad Olivia Mateo \
        Vera Philip Ines Anders Judith Malik Renata Oliver Miriam Sanjay Dorothea Luis Flora Gabriel Sienna Otto \
        Carmen Ahmed Louise Emil Paloma Nathan Freya Jorge Celia Edmund Naomi Rashid Ida Vincent Lara Theo \
        Marisol Ruben Agnes Hassan Juno Albert Selma Enzo Tamara Magnus Bianca Isaac Odette Farid Viola Jonas \
        Esther Kofi Margit Alvaro Signe Dominic Zara Milan Cora Ernest Pilar Axel Thea Nikhil Rowena Caspar \
        Livia Jamal Petra Sergio Annika Walter Dalia Bjorn Estelle Tariq Wilma Gustavo Iris Leonard Sunita \
        Malcolm Perla Anton Zelda Ibrahim Gwen Ramon Hilda Silas Noor Cedric Minna Fernando Tilda August Meera \
        Roland Xenia Idris Lotte Emilio Saskia Harvey Anjali Ludvig Opal Benno Farah Cornelius Jasmin Alonso \
        Sigrid Quentin Rania Ferdinand Uma Gideon Linnea Horatio Dunya Rodrigo Elsbeth Kenji Portia Mahmoud \
        Solveig Desmond Chiara Yusuf Marit Barnaby Laila Klaus Imogen Arjun Beatriz Torsten Sadie Nils Aiko \
        Leandro Maud Piotr Samira Gerald Elvira Rufus Tova Joaquin Henrietta Vikram Ottilie Basil Ximena Sven \
        Philippa Mohamed Lorena Crispin Yuki Hamid Gerda Matthias Alma Thaddeus Noemi Ulrich Shirin Percival \
        Mirela
        """)

    static let lastNames =
        words(
            """
            Garcia Lind Harper Novak Rossi Becker Okafor Tanaka Silva Moreau Keller Haddad Fischer Patel Jensen \
            Costa Murphy Kowalski Ferrari Nguyen Schneider Mendes Larsen Khan Dubois Weber Santos Hughes Petrov \
            Romano Berg Mensah Sharma Vega Lambert Hoffmann Ito Greco Nilsson Farouk Duarte Walsh Horvat Blanc \
            Richter Cho Marino Bauer Castro Evans Lehmann Rao Fontaine Olsen Aydin Pereira Quinn Vogel Sato \
            Conti Hansen Mbeki Reyes Gauthier Winter Yilmaz Barros Doyle Maier Kaur Leroy Strand Aguilar Bailey \
            Krause Das Gallo Holm Diallo Serrano Pryce Franke Chen Mercier Lindqvist Bose Molina Ward Seidel \
            Park Bianchi Dahl Nasser Ramos Gordon Huber Wong Fabre Sand Osei Navarro Lloyd Jung Malik Ricci \
            Solberg Soto Barker Brandt Mehta Roche Hedlund Abdi Campos Sinclair Engel Lau Villa Krogh Toure \
            Pinto Fraser Arnold Gill Renard Bakke Suleiman Rivas Thorne Busch Ong Sala Ekman Kamau Salazar Byrne \
            Voss Joshi Perrin Moen Saleh Delgado Grant Ziegler Lim Testa Ahlgren Banda Fuentes Payne Otto Nair \
            Colin Hauge Aziz Ibarra Webb Lorenz Tan Riva Sjoberg Boateng
            """)
        + pairs(
            stems: "Ash Brad Cald Dun East Fair Glen Hart Kes Lang Mar North Oak Pen Ravens Stan Thorn Under West Wood",
            endings: "bourne croft dale field grove ham hurst leigh ley mere more stead ton wick worth")

    /// Companies that do not exist, for all we know.
    static let domainWords = pairs(
        stems: """
            amber birch brindle cobalt copper drift elder ember fallow fern flint gannet hazel heron indigo juniper \
            kestrel larch linnet maple marl otter pebble quarry rowan saffron sedge sorrel tansy teal thistle \
            umber vale willow
            """,
        endings: """
            bank beck bridge brook cairn combe crest dell fell ford gate glade haven hollow holt lea mead mill moor \
            pike reach ridge shaw strand thorpe vane vale wharf
            """)

    /// In hundredths of a per cent each: a share of 10,000.
    static let topLevelDomains: [(name: StaticString, share: Int)] = [
        (".com", 6_090), (".net", 1_060), (".info", 960), (".biz", 950), (".org", 940),
    ]

    static let titles: [(name: StaticString, share: Int)] = [
        ("Mr. ", 42), ("Mrs. ", 22), ("Dr. ", 18), ("Miss ", 12), ("Ms. ", 6),
    ]

    static let suffixes: [(name: StaticString, share: Int)] = [
        (" MD", 34), (" DDS", 28), (" DVM", 13), (" Jr.", 11), (" PhD", 8), (" III", 4), (" II", 1), (" Sr.", 1),
    ]

    /// Names in scripts and shapes that ASCII has not; the fourth has its accents as combining marks.
    static let nonLatinNames = [
        "Светлана Озерова", "山本 さくら", "김 하늘", "Rene\u{301}e Che\u{302}nevert", "Δάφνη Μαυρίδου", "سلمى الحداد",
        "נועה ברקת",
        "मीरा पाटिल", "Đặng Thu Thảo", "Özge Çınar", "Łucja Żak", "ณัฐพร ศรีสุข", "林 雅婷", "Björk Þórsdóttir",
    ]

    static let oneWordNames = ["Sukirman", "Wulandari", "Teller", "Prasetyo", "Ayumi", "桜子", "Зарина", "Xanthe"]

    static let particles = ["van", "von", "de la", "van der", "del", "bin", "al", "di", "dos", "St."]

    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func pairs(stems: String, endings: String) -> [String] {
        words(stems).flatMap { stem in words(endings).map { stem + $0 } }
    }
}
