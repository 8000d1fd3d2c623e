class CreatePhotos < ActiveRecord::Migration[7.1]
  def change
    create_table :photos do |t|
      t.string :key, null: false, index: { unique: true }
      t.string :state, null: false, default: "pending"
      t.string :thumbhash
      t.string :colour
      t.text :reason
      t.timestamps
    end
  end
end
